import { createServer } from "node:http";
import { createServer as createSilentServer } from "node:net";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ClientOptions, OutputGapError, ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { rejection } from "../support/rejection.js";
import { listen } from "../transport/support/listen.js";
import { PROTOCOLS } from "../transport/support/protocols.js";

/** What every method is asked of: a process that may not be there, and how long it may take. */
interface Asked {
  readonly parent: string;
  readonly name: string;
  readonly timeoutMs?: number | undefined;
}

type Use = (client: ProcessClient, asked: Asked) => Promise<unknown>;

// Not one of them is async, or has a frame of its own: what is looked for is the frame above.
const METHODS: Readonly<Record<string, Use>> = {
  createProcess: (client, { parent, timeoutMs }) =>
    client.createProcess(parent, { command: "true" }, { timeoutMs }),
  startProcess: (client, { name, timeoutMs }) => client.startProcess(name, { timeoutMs }),
  getProcess: (client, { name, timeoutMs }) => client.getProcess(name, { timeoutMs }),
  listProcesses: (client, { parent, timeoutMs }) => client.listProcesses(parent, { timeoutMs }),
  sendSignal: (client, { name, timeoutMs }) => client.sendSignal(name, "SIGTERM", { timeoutMs }),
  readOutput: (client, { name, timeoutMs }) => client.readOutput(name, { timeoutMs }),
  readOutputFrames: (client, { name, timeoutMs }) => client.readOutputFrames(name, { timeoutMs }),
  pipeOutput: (client, { name, timeoutMs }) => client.pipeOutput(name, { timeoutMs }),
  waitForLine: (client, { name, timeoutMs }) => client.waitForLine(name, /x/, { timeoutMs }),
  waitProcess: (client, { name, timeoutMs }) => client.waitProcess(name, { timeoutMs }),
  waitProcessByPolling: (client, { name, timeoutMs }) =>
    client.waitProcessByPolling(
      name,
      timeoutMs === undefined ? {} : { timeoutSeconds: timeoutMs / 1_000 },
    ),
  terminateProcess: (client, { name, timeoutMs }) => client.terminateProcess(name, { timeoutMs }),
  runProcess: (client, { parent, timeoutMs }) =>
    client.runProcess(parent, { command: "true" }, { timeoutMs }),
  "the handle's get": (client, { name, timeoutMs }) => client.process(name).get({ timeoutMs }),
};

const LOOPS: Readonly<
  Record<string, (client: ProcessClient, asked: Asked) => AsyncIterable<unknown>>
> = {
  listAllProcesses: (client, { parent, timeoutMs }) =>
    client.listAllProcesses(parent, { timeoutMs }),
  streamOutput: (client, { name, timeoutMs }) => client.streamOutput(name, { timeoutMs }),
  streamLines: (client, { name, timeoutMs }) => client.streamLines(name, { timeoutMs }),
  "streamOutput without the replay": (client, { name, timeoutMs }) =>
    client.streamOutput(name, { timeoutMs, skipReplay: true }),
};

async function theUsersProgram(use: () => Promise<unknown>): Promise<void> {
  await use();
}

async function theUsersLoop(loop: () => AsyncIterable<unknown>): Promise<void> {
  for await (const _ of loop()) {
    // Whatever comes first: the loop fails later.
  }
}

type Way = (client: ProcessClient, asked: Asked) => Promise<void>;

const WAYS: ReadonlyMap<string, Way> = new Map([
  ...Object.entries(METHODS).map(([method, use]): [string, Way] => [
    method,
    (client, asked) => theUsersProgram(() => use(client, asked)),
  ]),
  ...Object.entries(LOOPS).map(([method, loop]): [string, Way] => [
    `a loop over ${method}`,
    (client, asked) => theUsersLoop(() => loop(client, asked)),
  ]),
]);

const usualLimit = Error.stackTraceLimit;
// Node's default; a test runner raises it.
beforeEach(() => {
  Error.stackTraceLimit = 10;
});
afterEach(() => {
  Error.stackTraceLimit = usualLimit;
});

let stub: StubServer;
beforeAll(async () => {
  stub = await startStubServer();
});
afterAll(() => stub.close());

/** The ways to call whose error does not show the program that called. */
async function withoutCaller(
  open: () => { readonly client: ProcessClient; readonly asked: Asked },
): Promise<string[]> {
  const hidden = [...WAYS].map(async ([method, use]) => {
    const { client, asked } = open();
    const error = await rejection(use(client, asked));
    client.close();
    const stack = error instanceof Error ? (error.stack ?? "") : String(error);
    return /theUsers(Program|Loop)/.test(stack) ? [] : [`${method}: ${stack}`];
  });
  return (await Promise.all(hidden)).flat();
}

const CLIENTS: readonly (readonly [string, ClientOptions])[] = [
  ...PROTOCOLS.map(
    (options) => [`${options.protocol}, HTTP/${options.httpVersion}`, options] as const,
  ),
  ["auto", {}],
  ["gRPC with an interceptor", { protocol: "grpc", interceptors: [(next) => (req) => next(req)] }],
];

describe.each(CLIENTS)("an error shows the line of its caller, over %s", (_way, options) => {
  const missing = "workspaces/default/sandboxEngines/nowhere";
  const open = (asked: Partial<Asked>, more: ClientOptions = {}, aiemUrl = stub.url) => {
    const config = { aiemUrl, tokenProvider: stub.token };
    return () => ({
      client: new ProcessClient(config, { ...options, retry: false, ...more }),
      asked: { parent: stub.parent, name: `${stub.parent}/processes/p`, ...asked },
    });
  };

  it("where the server refuses it", async () => {
    const asked = { parent: missing, name: `${missing}/processes/p` };
    expect(await withoutCaller(open(asked))).toEqual([]);
  });

  it("where the input is bad", async () => {
    expect(await withoutCaller(open({ parent: "no", name: "no" }))).toEqual([]);
  });

  it("where nobody listens, at once and after retries", async () => {
    const { port, close } = await listen(createServer());
    await close();
    const nowhere = `http://127.0.0.1:${port}`;
    expect(await withoutCaller(open({}, {}, nowhere))).toEqual([]);
    const retry = { maxAttempts: 2, baseDelayMs: 1, maxOutageMs: 20 };
    expect(await withoutCaller(open({}, { retry }, nowhere))).toEqual([]);
  });

  it("where a connection is lost under it", async () => {
    using _ = stub.faults.add({ method: "*", nth: "every", fault: "reset" });
    expect(await withoutCaller(open({}))).toEqual([]);
  });

  it("where its time is over, as it connects and as it waits for the answer", async () => {
    const silent = await listen(createSilentServer());
    const asked = { timeoutMs: 20 };
    expect(await withoutCaller(open(asked, {}, `http://127.0.0.1:${silent.port}`))).toEqual([]);
    await silent.close();
    using _ = stub.faults.add({ method: "*", nth: "every", fault: "hang" });
    expect(await withoutCaller(open(asked))).toEqual([]);
  });

  it("where the token provider fails", async () => {
    const tokenProvider = () => Promise.reject(new Error("no token"));
    const { client, asked } = open({})();
    client.close();
    const failing = () => ({
      client: new ProcessClient({ aiemUrl: stub.url, tokenProvider }, options),
      asked,
    });
    expect(await withoutCaller(failing)).toEqual([]);
  });

  it("where the client is closed", async () => {
    const closed = () => {
      const opened = open({})();
      opened.client.close();
      return opened;
    };
    expect(await withoutCaller(closed)).toEqual([]);
  });

  it("where output is not what it was", async () => {
    const { client } = open({}, { retry: { baseDelayMs: 1 } })();
    const spec = { command: "echo", args: ["little"] };
    const { process } = await client.runProcess(stub.parent, spec);
    const part = { bytes: 3, crc32: 1 };
    const other = { stdout: part, stderr: { bytes: 0, crc32: 0 } };
    const beyond = { stdout: { bytes: 1_000, crc32: 1 }, stderr: { bytes: 0, crc32: 0 } };
    for (const resumeFrom of [other, beyond]) {
      const error = await rejection(
        theUsersLoop(() => client.streamOutput(process.name, { resumeFrom })),
      );
      expect(error).toBeInstanceOf(OutputGapError);
      expect(error instanceof Error && error.stack).toMatch(/theUsersLoop/);
    }
    client.close();
  });

  it("where a Writable is ended by somebody else, and where a process fails", async () => {
    const { client } = open({})();
    const spec = { command: "sh", args: ["-c", "exit 3"] };
    const running = { command: "sleep", args: ["600"] };
    const { name } = await client.createProcess(stub.parent, running, { autoRun: true });
    const ended = (use: (stdout: PassThrough) => Promise<unknown>) => {
      const stdout = new PassThrough();
      setImmediate(() => stdout.end());
      return use(stdout);
    };
    const errors = [
      await rejection(
        theUsersProgram(() => ended((stdout) => client.pipeOutput(name, { stdout }))),
      ),
      await rejection(
        theUsersProgram(() =>
          ended((stdout) => client.runProcess(stub.parent, running, { stdout })),
        ),
      ),
      await rejection(theUsersProgram(() => client.runProcess(stub.parent, spec, { check: true }))),
    ];
    client.close();
    for (const error of errors) {
      expect(error instanceof Error && error.stack).toMatch(/theUsersProgram/);
    }
  });
});
