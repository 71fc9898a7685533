import { jest } from "@jest/globals";
import { Code, ProcessClient } from "aiem-process-client";
import { startStubServer } from "aiem-process-client/stub";

const DAY_MS = 86_400_000;

let stub;
let client;
let parent;
let engines = 0;

beforeAll(async () => {
  stub = await startStubServer();
});
afterAll(() => stub.close());

beforeEach(() => {
  engines += 1;
  parent = stub.engines.create(`workspaces/test/sandboxEngines/engine-${engines}`).name;
  client = new ProcessClient(stub.connection);
});
afterEach(async () => {
  jest.useRealTimers();
  client.close();
  stub.faults.clear();
  await stub.listen();
  await stub.engines.delete(parent);
});

test("a connection that breaks loses nothing", async () => {
  const reset = stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 2 } });
  const { stdout } = await client.runProcess(parent, { command: "echo", args: ["hello"] });
  expect(stdout.text()).toBe("hello\n");
  expect(reset.fired).toBe(1);
});

test("a server that nobody reaches is Unavailable", async () => {
  await stub.stop();
  await expect(client.listProcesses(parent)).rejects.toMatchObject({ code: Code.Unavailable });
});

test("an hour of waiting takes no time", async () => {
  // What travels takes real time: a fake clock that runs ahead would end it.
  const patient = { attemptTimeoutMs: DAY_MS, connectTimeoutMs: DAY_MS };
  const client = new ProcessClient(stub.connection, patient);
  const { name } = await client.createProcess(parent, { command: "true" });
  jest.useFakeTimers();
  setTimeout(() => client.startProcess(name), 3_600_000);
  const waiting = client.waitProcessByPolling(name, {
    pollIntervalSeconds: 60,
    timeoutSeconds: null,
  });
  expect(await meanwhile(waiting)).toMatchObject({ state: "STATE_SUCCEEDED" });
  client.close();
});

test("bytes are those of the test, errors of Node.js are not", async () => {
  const { stdout } = await client.runProcess(parent, { command: "echo", args: ["hello"] });
  expect(stdout.bytes()).toBeInstanceOf(Uint8Array);
  expect(stdout.bytes()).toEqual(new TextEncoder().encode("hello\n"));

  // Made by Node.js, outside of the realm in which Jest runs this file: no instance of its Error.
  const signal = AbortSignal.abort();
  await expect(client.listProcesses(parent, { signal })).rejects.toBe(signal.reason);
  expect(signal.reason).toMatchObject({ name: "AbortError" });
  expect(signal.reason).not.toBeInstanceOf(Error);
});

/** Lets fake time pass until something is there. What goes over the network takes real time. */
async function meanwhile(promise) {
  let settled = false;
  promise.finally(() => {
    settled = true;
  });
  while (!settled) {
    await jest.advanceTimersByTimeAsync(1000);
  }
  return promise;
}
