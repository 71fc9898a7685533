import { readdirSync } from "node:fs";

import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { OutputStream, Process_State } from "../../../src/gen.js";
import { collect } from "../../support/collect.js";
import { inSteps } from "../../support/in-steps.js";
import { createStubClient, type StubClient } from "./stub-client.js";

const text = (data: Uint8Array) => new TextDecoder().decode(data);

describe("the ProcessService", () => {
  let stub: StubClient;

  beforeEach(() => {
    stub = createStubClient();
  });
  afterEach(() => stub.close());

  test("creates a process that is PENDING, starts it, and waits for its end", async () => {
    const { client, parent } = stub;
    const created = await client.createProcess({
      parent,
      process: { command: "/bin/sh", args: ["-c", "exit 3"] },
      processId: "three",
    });
    const name = `${parent}/processes/three`;
    expect(created.process).toMatchObject({ name, state: Process_State.PENDING });
    const started = await client.startProcess({ name });
    expect(started.process?.startTime).toBeDefined();
    const { process } = await client.waitProcess({ name });
    expect(process).toMatchObject({ exitCode: 3, name, state: Process_State.FAILED });
    expect((await client.getProcess({ name })).process).toEqual(process);
  });

  test("starts a process at once with auto_run", async () => {
    const name = await stub.run("sleep 60");
    const { process } = await stub.client.getProcess({ name });
    expect(process?.state).toBe(Process_State.RUNNING);
  });

  test("reads the output of each stream, and as frames", async () => {
    const { client } = stub;
    const { script, next } = inSteps("printf out", "printf err >&2");
    const name = await stub.run(script);
    for await (const _ of client.streamOutput({ name })) {
      next(stub.engines.get(stub.parent)?.rootDirectory ?? "");
    }
    const read = async (outputStream: OutputStream) =>
      text((await client.readOutput({ name, outputStream })).data);
    expect(await read(OutputStream.UNSPECIFIED)).toBe("out");
    expect(await read(OutputStream.STDOUT)).toBe("out");
    expect(await read(OutputStream.STDERR)).toBe("err");
    expect(await read(OutputStream.COMBINED)).toBe("outerr");
    const { frames } = await client.readOutputFrames({ name });
    expect(frames.map(({ stream, data }) => [stream, text(data)])).toEqual([
      [OutputStream.STDOUT, "out"],
      [OutputStream.STDERR, "err"],
    ]);
  });

  test("streams the output of a process from before its start to its end", async () => {
    const { client, parent } = stub;
    const { process } = await client.createProcess({
      parent,
      process: { command: "/bin/sh", args: ["-c", "printf a; sleep 0.1; printf b"] },
    });
    const name = process?.name ?? "";
    const chunks = collect(client.streamOutput({ name }));
    await client.startProcess({ name });
    expect((await chunks).map(({ data }) => text(data)).join("")).toBe("ab");
    expect((await chunks).map(({ stream }) => stream)).not.toContain(OutputStream.STDERR);
  });

  test("lists processes page by page, and by their state", async () => {
    const { client, parent } = stub;
    const names = [await stub.run("exit 0"), await stub.run("exit 1"), await stub.run("exit 0")];
    for (const name of names) {
      await client.waitProcess({ name });
    }
    const first = await client.listProcesses({ parent, pageSize: 2 });
    const second = await client.listProcesses({ parent, pageToken: first.nextPageToken });
    expect([...first.processes, ...second.processes].map(({ name }) => name)).toEqual(
      names.reverse(),
    );
    expect(second.nextPageToken).toBe("");
    const failed = await client.listProcesses({ parent, filter: "state = STATE_FAILED" });
    expect(failed.processes.map(({ name }) => name)).toEqual([names[1]]);
  });

  test("sends signals", async () => {
    const { client } = stub;
    const name = await stub.run("exec sleep 60");
    const sent = await client.sendSignal({ name, signal: 9 });
    expect(sent.process?.name).toBe(name);
    const { process } = await client.waitProcess({ name });
    expect(process).toMatchObject({ exitCode: 137, state: Process_State.FAILED });
  });

  test.each([
    ["no process", undefined],
    ["an empty command", { command: "" }],
  ])("refuses %s", async (_title, process) => {
    const { client, parent } = stub;
    const create = client.createProcess({ parent, ...(process !== undefined && { process }) });
    await expect(create).rejects.toMatchObject({ code: Code.InvalidArgument });
  });

  test("refuses a stream that the contract does not know", async () => {
    const name = await stub.run("exit 0");
    const outputStream: number = 99;
    await expect(stub.client.readOutput({ name, outputStream })).rejects.toMatchObject({
      code: Code.InvalidArgument,
      message: expect.stringContaining("output_stream"),
    });
  });

  test("stops waiting at the caller's deadline, and the process runs on", async () => {
    const { client } = stub;
    const name = await stub.run("sleep 60");
    await expect(client.waitProcess({ name }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
    const { process } = await client.getProcess({ name });
    expect(process?.state).toBe(Process_State.RUNNING);
  });

  test("releases its files when a follower aborts in the middle of the replay", async () => {
    const { client } = stub;
    const openSpools = () => readdirSync("/proc/self/fd", { withFileTypes: true }).length;
    const name = await stub.run("head -c 1000000 /dev/zero");
    await client.waitProcess({ name });
    const before = openSpools();
    const controllers = Array.from({ length: 20 }, () => new AbortController());
    const followers = controllers.map(({ signal }) =>
      client.streamOutput({ name }, { signal })[Symbol.asyncIterator](),
    );
    await Promise.all(followers.map((follower) => follower.next()));
    expect(openSpools()).toBeGreaterThanOrEqual(before + followers.length);
    for (const controller of controllers) {
      controller.abort();
    }
    await expect.poll(() => openSpools()).toBeLessThanOrEqual(before);
  });
});
