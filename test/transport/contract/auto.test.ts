import type { Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Process_State as State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { collect } from "../../support/collect.js";
import { PROCESS } from "../support/process-name.js";
import { type Config, clientOf } from "./support/asking-client.js";
import { type Http1, startBoth } from "./support/both-server.js";
import { type Calls, goodService, PARENT, processIn } from "./support/guarded-service.js";
import { reflecting, tells } from "./support/reflecting.js";

type Client = ReturnType<typeof clientOf>["client"];

afterEach(() => {
  vi.restoreAllMocks();
});

function later(ms: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + ms);
}

const refusing = () => reflecting((stream) => stream.status(7, "for admins"));

async function both(reflection = refusing(), http1?: Http1, config: Config = {}) {
  const calls: Calls = [];
  const service = {
    ...goodService(calls),
    getProcess: ({ name }: { name: string }) => ({ process: processIn(State.RUNNING, { name }) }),
  };
  const server = await startBoth({ service, instead: reflection.instead }, http1);
  return { server, calls, ...clientOf(server.url, config, { protocol: "auto" }) };
}

const NO_REST =
  "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
const noRest = (socket: Socket) => socket.end(NO_REST);
const broken = (socket: Socket) => socket.destroy();
const silent = (socket: Socket) => socket.resume();

const FIRST: [title: string, call: (client: Client) => Promise<unknown>, calls: string[]][] = [
  ["getProcess", (client) => client.getProcess(PROCESS), []],
  ["listProcesses", (client) => client.listProcesses(PARENT), ["list"]],
  ["startProcess", (client) => client.startProcess(PROCESS), ["start"]],
  [
    "createProcess",
    (client) => client.createProcess(PARENT, { command: "c" }, { autoRun: true }),
    ["create and run"],
  ],
  ["waitProcess", (client) => client.waitProcess(PROCESS), ["wait"]],
];

describe("where the server does not tell its numbers", () => {
  test.each(FIRST)("%s goes over REST, which has none", async (_, call, expected) => {
    const reflection = refusing();
    const { client, events, calls } = await both(reflection);
    await call(client);
    // What was a look at REST, but for the call itself.
    expect(calls.filter((each) => each !== "list" || expected.includes("list"))).toEqual(
      expected[0] === "list" ? ["list", "list"] : expected,
    );
    expect(events).toMatchObject([
      {
        protocol: "rest",
        contract: "names",
        reason: expect.stringContaining("does not tell its contract by reflection: for admins"),
        error: expect.any(Error),
      },
    ]);
    await client.getProcess(PROCESS);
    expect(reflection.streams).toBe(1);
  });

  test("a stream of output goes over REST", async () => {
    const { client, events } = await both();
    // Its end is believed when the process is final, which it is not here.
    for await (const { data } of client.streamOutput(PROCESS)) {
      expect(Buffer.from(data).toString()).toBe("out");
      break;
    }
    expect(events).toMatchObject([{ protocol: "rest", contract: "names" }]);
  });

  test.each(FIRST)("%s is guarded where there is no REST", async (title, call) => {
    const { client, events, calls, server } = await both(refusing(), noRest);
    await call(client);
    expect(events).toMatchObject([{ protocol: "grpc", contract: "guarded" }]);
    if (title === "createProcess") {
      expect(calls).toEqual(["create", "start"]);
    }
    const { restConnections } = server;
    later(10 * 60_000);
    await client.getProcess(PROCESS);
    // That it is not there is proved.
    expect(server.restConnections).toBe(restConnections);
    expect(events).toHaveLength(1);
  });

  test("a stream of output is guarded where there is no REST, and tells of it", async () => {
    const { client, events } = await both(refusing(), noRest);
    await using output = client.streamOutput(PROCESS);
    const first = await output[Symbol.asyncIterator]().next();
    expect(Buffer.from(first.value?.data ?? []).toString()).toBe("out");
    expect(events).toMatchObject([{ protocol: "grpc", contract: "guarded" }]);
  });

  test("is guarded for a minute, where nobody knows whether there is REST", async () => {
    const { client, events, server } = await both(refusing(), broken);
    await client.getProcess(PROCESS);
    await client.getProcess(PROCESS);
    expect(events).toMatchObject([{ protocol: "grpc", contract: "guarded" }]);
    const { restConnections } = server;
    expect(restConnections).toBeGreaterThan(0);
    server.answerRest(undefined);
    await client.getProcess(PROCESS);
    expect(server.restConnections).toBe(restConnections);
    later(61_000);
    await client.getProcess(PROCESS);
    expect(events.slice(1)).toMatchObject([{ protocol: "rest", contract: "names" }]);
  });

  test("a server that takes HTTP/1.1 and says nothing costs one call its time, and no other", async () => {
    const { client, events } = await both(refusing(), silent);
    await expect(client.getProcess(PROCESS, { timeoutMs: 500 })).rejects.toThrow();
    await client.getProcess(PROCESS, { timeoutMs: 5_000 });
    expect(events).toMatchObject([{ protocol: "grpc", contract: "guarded" }]);
  });
});

describe("where the numbers are vouched for", () => {
  test("by reflection, gRPC is spoken, and told of so", async () => {
    const { client, events, server } = await both(reflecting(tells()));
    await client.getProcess(PROCESS);
    expect(events).toMatchObject([{ protocol: "grpc", contract: "reflection" }]);
    expect(server.restConnections).toBe(0);
  });

  test("by the option, nobody is asked", async () => {
    const reflection = refusing();
    const { client, events, server } = await both(reflection, undefined, {
      contract: "built-in",
    });
    await client.getProcess(PROCESS);
    expect(events).toMatchObject([{ protocol: "grpc", contract: "built-in" }]);
    expect(reflection.streams).toBe(0);
    expect(server.restConnections).toBe(0);
  });

  test("by nobody although they must be, nothing is spoken", async () => {
    const { client, server, calls } = await both(refusing(), undefined, { contract: "reflection" });
    await expect(client.startProcess(PROCESS)).rejects.toThrow(/contract: "reflection" needs that/);
    expect(calls).toEqual([]);
    expect(server.restConnections).toBe(0);
  });
});

test("over REST a list of another engine is an alarm, too, and its states are not", async () => {
  const service = {
    ...goodService(),
    getProcess: () => ({ process: processIn(State.RUNNING, { endTime: { seconds: 1n } }) }),
    listProcesses: () => ({
      processes: [processIn(State.RUNNING, { name: "workspaces/w/sandboxEngines/o/processes/p" })],
    }),
  };
  const { url } = await startBoth({ service });
  const { client } = clientOf(url, {}, { protocol: "rest" });
  await expect(collect(client.listAllProcesses(PARENT))).rejects.toMatchObject({
    name: "ContractMismatchError",
  });
  await expect(client.getProcess(PROCESS)).resolves.toMatchObject({ state: "STATE_RUNNING" });
});
