import { create } from "@bufbuild/protobuf";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Process_State, ProcessSchema, type ProcessService } from "../../src/gen.js";
import { collect } from "../support/collect.js";
import { failure } from "../transport/support/failure.js";
import { CLIENTS, servedClient } from "./support/served-clients.js";

const ENGINE = "workspaces/w/sandboxEngines/e";
const NAME = `${ENGINE}/processes/p`;
const OTHERS = [
  "workspaces/evil/sandboxEngines/e/processes/p",
  `${ENGINE}/processes/../x`,
  `${NAME}/`,
  "p",
];

type Service = Partial<ServiceImpl<typeof ProcessService>>;

/** A server that answers whatever it is asked with one process, and notes what it was asked. */
function answeringWith(name: string) {
  const asked: string[] = [];
  const answer = (call: string) => () => {
    asked.push(call);
    return { process: create(ProcessSchema, { name, state: Process_State.RUNNING }) };
  };
  const service: Service = {
    createProcess: answer("create"),
    startProcess: answer("start"),
    getProcess: answer("get"),
    sendSignal: answer("signal"),
    waitProcess: answer("wait"),
    async *streamOutput() {
      asked.push("stream");
      yield* [];
    },
  };
  return { service, asked };
}

function about(other: string) {
  const what = other === "" ? "a process without a name" : `the process "${other}"`;
  return mismatch(NAME, `the server was asked about ${NAME}, and answered with ${what}`);
}

function mismatch(resource: string, message: string) {
  return { name: "ContractMismatchError", code: Code.Internal, resource, message };
}

describe.each(CLIENTS)("an answer that is about another process, over $title", (way) => {
  it.each([...OTHERS, ""])("is an error that shows both names (%j)", async (other) => {
    const { service, asked } = answeringWith(other);
    const client = await servedClient(way, service);
    await expect(client.getProcess(NAME)).rejects.toMatchObject(about(other));
    await expect(client.startProcess(NAME)).rejects.toMatchObject(about(other));
    await expect(client.sendSignal(NAME, "SIGTERM")).rejects.toMatchObject(about(other));
    await expect(client.waitProcess(NAME)).rejects.toMatchObject(about(other));
    await expect(client.waitProcessByPolling(NAME)).rejects.toMatchObject(about(other));
    await expect(client.terminateProcess(NAME)).rejects.toMatchObject(about(other));
    expect(asked).toEqual(["get", "start", "signal", "wait", "get", "signal"]);
  });

  it("ends a create, and the run of a process, before anything follows it", async () => {
    const other = `${ENGINE}/processes/other`;
    const { service, asked } = answeringWith(other);
    const client = await servedClient(way, service);
    const options = { processId: "p", autoRun: true };
    await expect(client.createProcess(ENGINE, { command: "rm" }, options)).rejects.toMatchObject(
      about(other),
    );
    await expect(
      client.runProcess(ENGINE, { command: "rm" }, { processId: "p" }),
    ).rejects.toMatchObject(about(other));
    expect(asked).toEqual(["create", "create"]);
  });

  it.each([...OTHERS, ""])("is an error in a list (%j)", async (other) => {
    const processes = [NAME, other].map((name) => create(ProcessSchema, { name }));
    const client = await servedClient(way, { listProcesses: () => ({ processes }) });
    const what = other === "" ? "a process without a name" : `the process "${other}"`;
    const error = mismatch(
      ENGINE,
      `the server was asked about ${ENGINE}/processes/…, and answered with ${what}`,
    );
    await expect(client.listProcesses(ENGINE)).rejects.toMatchObject(error);
    await expect(collect(client.listAllProcesses(ENGINE))).rejects.toMatchObject(error);
  });

  it("is none where a segment of the parent's name is the wildcard", async () => {
    const names = ["a", "b"].map((engine) => `workspaces/w/sandboxEngines/${engine}/processes/p`);
    const processes = names.map((name) => create(ProcessSchema, { name }));
    const client = await servedClient(way, { listProcesses: () => ({ processes }) });
    const page = await client.listProcesses("workspaces/w/sandboxEngines/-");
    expect(page.processes.map(({ name }) => name)).toEqual(names);
    await expect(client.listProcesses("workspaces/x/sandboxEngines/-")).rejects.toMatchObject({
      name: "ContractMismatchError",
    });
  });

  it("is none where a segment of the process's name is the wildcard", async () => {
    const { service } = answeringWith(NAME);
    const client = await servedClient(way, service);
    const found = await client.getProcess("workspaces/-/sandboxEngines/e/processes/p");
    expect(found.name).toBe(NAME);
  });
});

describe.each(CLIENTS)("a list that would never end, over $title", (way) => {
  const page = (nextPageToken: string, id?: number) => ({
    processes: id === undefined ? [] : [create(ProcessSchema, { name: `${NAME}${id}` })],
    nextPageToken,
  });

  it.each([1, 2, 5])("ends where its tokens go round in a circle of %d", async (length) => {
    let pages = 0;
    const client = await servedClient(way, {
      listProcesses() {
        pages += 1;
        return page(`token-${pages % length}`, pages);
      },
    });
    await expect(collect(client.listAllProcesses(ENGINE))).rejects.toMatchObject(
      failure("Internal", /has no end: the page token "token-1?0?" came a second time$/),
    );
    expect(pages).toBe(length + 1);
  });

  it("ends after 1,000 empty pages in a row, and not before", async () => {
    let pages = 0;
    const client = await servedClient(way, {
      listProcesses() {
        pages += 1;
        return page(`token-${pages}`, pages === 300 ? pages : undefined);
      },
    });
    const listed: string[] = [];
    const list = async () => {
      for await (const { name } of client.listAllProcesses(ENGINE)) {
        listed.push(name);
      }
    };
    await expect(list()).rejects.toMatchObject(
      failure("Internal", /has no end: more than 1000 pages in a row were empty$/),
    );
    expect(listed).toEqual([`${NAME}300`]);
    expect(pages).toBe(1_301);
  });
});
