import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code, ProcessClient, WaitTimeoutError } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { FOREVER } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { PROTOCOLS } from "../transport/support/protocols.js";

const HINT = "it was never started: call startProcess, or create it with autoRun: true";

let stub: StubServer;
beforeAll(async () => {
  stub = await startStubServer();
});
afterAll(() => stub.close());

type Follow = (client: ProcessClient, name: string, timeoutMs: number) => Promise<unknown>;

const FOLLOWS: readonly (readonly [string, Follow])[] = [
  ["streamOutput", (client, name, timeoutMs) => collect(client.streamOutput(name, { timeoutMs }))],
  ["streamLines", (client, name, timeoutMs) => collect(client.streamLines(name, { timeoutMs }))],
  ["pipeOutput", (client, name, timeoutMs) => client.pipeOutput(name, { timeoutMs })],
];

const WAITS: readonly (readonly [string, Follow])[] = [
  ["waitProcess", (client, name, timeoutMs) => client.waitProcess(name, { timeoutMs })],
  [
    "waitProcessByPolling",
    (client, name, timeoutMs) =>
      client.waitProcessByPolling(name, { timeoutSeconds: timeoutMs / 1_000 }),
  ],
];

describe.each(PROTOCOLS)(
  "a timeout on a process that was never started, over $protocol, HTTP/$httpVersion",
  (options) => {
    const open = () => new ProcessClient(stub.connection, options);

    it.each(WAITS)("says so: %s", async (_method, wait) => {
      await using client = open();
      const { name } = await client.createProcess(stub.parent, FOREVER);
      for (const timeoutMs of [0, 50]) {
        const error = await rejection(wait(client, name, timeoutMs));
        expect(error).toBeInstanceOf(WaitTimeoutError);
        expect(error).toMatchObject({ message: expect.stringContaining(HINT) });
      }
    });

    it.each(FOLLOWS)("says so: %s", async (_method, follow) => {
      await using client = open();
      const { name } = await client.createProcess(stub.parent, FOREVER);
      const error = await rejection(follow(client, name, 2_000));
      expect(error).toMatchObject({
        code: Code.DeadlineExceeded,
        rawMessage: expect.stringMatching(
          new RegExp(`the output of ${name} took longer than 2000 ms, ${HINT}$`),
        ),
      });
    });

    it.each(FOLLOWS)("does not say so of one that is silent: %s", async (_method, follow) => {
      await using client = open();
      const { name } = await client.createProcess(stub.parent, FOREVER, { autoRun: true });
      expect(await rejection(follow(client, name, 500))).toMatchObject({
        rawMessage: expect.stringMatching(/ took longer than 500 ms$/),
      });
      await client.sendSignal(name, "KILL");
    });
  },
);

it("a command line as the command tells its reader that no shell reads it", async () => {
  await using client = new ProcessClient(stub.connection);
  const running = client.runProcess(stub.parent, { command: "echo hello" }, { check: true });
  expect(await rejection(running)).toMatchObject({
    message: expect.stringMatching(/failed with exit code 127: .*no shell reads the command/),
    result: { exitCode: 127 },
  });
});
