import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  InvalidInputError,
  type LineMatch,
  ProcessClient,
  WaitTimeoutError,
} from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { rejection } from "../support/rejection.js";

let stub: StubServer;
let client: ProcessClient;

beforeAll(async () => {
  stub = await startStubServer();
  client = new ProcessClient(stub.connection);
});

afterAll(async () => {
  client.close();
  await stub.close();
});

async function runs(script: string): Promise<string> {
  const spec = { command: "sh", args: ["-c", script] };
  return (await client.createProcess(stub.parent, spec, { autoRun: true })).name;
}

describe("waitForLine", () => {
  it("gives the first line that matches, and leaves the process running", async () => {
    const name = await runs(
      "echo starting; echo 'ready on 8080'; echo 'ready again'; exec sleep 60",
    );
    expect(await client.waitForLine(name, /^ready on (\d+)$/)).toEqual({
      found: true,
      line: "ready on 8080",
      stream: "OUTPUT_STREAM_STDOUT",
    });
    expect(await client.getProcess(name)).toMatchObject({ state: "STATE_RUNNING" });
  });

  it("takes a function, and looks at one stream alone where it is told to", async () => {
    const name = await runs("echo ready; sleep 0.3; echo ready >&2; exec sleep 60");
    const isReady = (line: string) => line === "ready";
    expect(await client.waitForLine(name, isReady)).toMatchObject({
      stream: "OUTPUT_STREAM_STDOUT",
    });
    const stream = "OUTPUT_STREAM_STDERR";
    expect(await client.process(name).waitForLine(isReady, { stream })).toMatchObject({ stream });
  });

  it("finds a line that was written before, and the last one without an end", async () => {
    const name = await runs("printf 'first\\nlast'");
    await client.waitProcess(name);
    expect(await client.waitForLine(name, /first/)).toMatchObject({ line: "first" });
    expect(await client.waitForLine(name, /last/)).toMatchObject({ line: "last" });
  });

  it("looks at each line anew, whatever the flags of the expression", async () => {
    const name = await runs("echo xx; echo ax; exit 0");
    for (const [match, line] of [
      [/x$/g, "xx"],
      [/a/y, "ax"],
    ] as const) {
      match.lastIndex = 1;
      expect(await client.waitForLine(name, match)).toMatchObject({ found: true, line });
      expect(match.lastIndex).toBe(1);
    }
  });

  it("tells that the process ended first, how, and what it wrote last", async () => {
    const name = await runs("seq 1 30; exit 3");
    expect(await client.waitForLine(name, /never/)).toMatchObject({
      found: false,
      process: { state: "STATE_FAILED", exitCode: 3 },
      lastLines: ["21", "22", "23", "24", "25", "26", "27", "28", "29", "30"],
    });
  });

  it("rejects with the last lines when its time is over, and the process goes on", async () => {
    const name = await runs("echo loading; exec sleep 60");
    await client.waitForLine(name, /loading/);
    const error = await rejection(client.waitForLine(name, /ready/, { timeoutMs: 500 }));
    expect(error).toBeInstanceOf(WaitTimeoutError);
    expect(error).toMatchObject({
      message: `process ${name} wrote no line that matches within 0.5 s: its state is STATE_RUNNING, its last line is "loading"`,
      lastLines: ["loading"],
      timeoutMs: 500,
      process: { state: "STATE_RUNNING" },
    });
    expect(await client.getProcess(name)).toMatchObject({ state: "STATE_RUNNING" });
  });

  it("says of a process that nobody started that this is why", async () => {
    const { name } = await client.createProcess(stub.parent, { command: "true" });
    const error = await rejection(client.waitForLine(name, /ready/, { timeoutMs: 200 }));
    expect(String(error)).toMatch(/it wrote no line, it was never started: call startProcess/);
  });

  it("ends at once with a limit of zero", async () => {
    const name = await runs("echo ready");
    const error = await rejection(client.waitForLine(name, /ready/, { timeoutMs: 0 }));
    expect(error).toBeInstanceOf(WaitTimeoutError);
  });

  it("rejects with the reason of the caller's signal", async () => {
    const name = await runs("exec sleep 60");
    const abort = new AbortController();
    const waiting = client.waitForLine(name, /ready/, { signal: abort.signal, timeoutMs: 60_000 });
    const reason = new Error("enough");
    abort.abort(reason);
    expect(await rejection(waiting)).toBe(reason);
  });

  it("goes on over a broken connection", async () => {
    const name = await runs("echo before; sleep 0.5; echo ready; exec sleep 60");
    const waiting = client.waitForLine(name, (line) => line === "ready");
    await client.waitForLine(name, /before/);
    await stub.stop();
    await stub.listen();
    expect(await waiting).toMatchObject({ found: true });
  });

  it("rejects with what the function throws", async () => {
    const name = await runs("echo line");
    const thrown = new Error("no");
    const match = () => {
      throw thrown;
    };
    expect(await rejection(client.waitForLine(name, match))).toBe(thrown);
  });

  it.each([
    ["neither an expression nor a function", "ready", "must be a regular expression or a function"],
    ["a function that returns a promise", async () => true, "must return true or false"],
  ])("refuses %s", async (_title, match, rule) => {
    const name = await runs("echo ready");
    const given: unknown = match;
    const error = await rejection(client.waitForLine(name, given as LineMatch));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error).toMatchObject({ field: "match", rule });
  });
});
