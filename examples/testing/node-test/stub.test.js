import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, mock, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Code, ProcessClient } from "aiem-process-client";
import { startStubServer } from "aiem-process-client/stub";

const DAY_MS = 86_400_000;

/** @type {import("aiem-process-client/stub").StubServer} */
let stub;
/** @type {ProcessClient} */
let client;
let parent = "";
let engines = 0;

before(async () => {
  stub = await startStubServer();
});
after(() => stub.close());

beforeEach(() => {
  engines += 1;
  parent = stub.engines.create(`workspaces/test/sandboxEngines/engine-${engines}`).name;
  client = new ProcessClient(stub.connection);
});
afterEach(async () => {
  mock.timers.reset();
  client.close();
  stub.faults.clear();
  await stub.listen();
  await stub.engines.delete(parent);
});

test("a connection that breaks loses nothing", async () => {
  const reset = stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 2 } });
  const { stdout } = await client.runProcess(parent, { command: "echo", args: ["hello"] });
  assert.equal(stdout.text(), "hello\n");
  assert.equal(reset.fired, 1);
});

test("a server that nobody reaches is Unavailable", async () => {
  await stub.stop();
  await assert.rejects(client.listProcesses(parent), { code: Code.Unavailable });
});

test("an hour of waiting takes no time", async () => {
  // What travels takes real time: a fake clock that runs ahead would end it.
  const patient = { attemptTimeoutMs: DAY_MS, connectTimeoutMs: DAY_MS };
  const client = new ProcessClient(stub.connection, patient);
  const { name } = await client.createProcess(parent, { command: "true" });
  mock.timers.enable({ apis: ["setTimeout"] });
  setTimeout(() => client.startProcess(name), 3_600_000);
  const waiting = client.waitProcessByPolling(name, {
    pollIntervalSeconds: 60,
    timeoutSeconds: null,
  });
  assert.equal((await meanwhile(waiting)).state, "STATE_SUCCEEDED");
  client.close();
});

/**
 * Lets fake time pass until something is there. What goes over the network takes real time.
 *
 * @template T
 * @param {Promise<T>} promise
 */
async function meanwhile(promise) {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  while (!settled) {
    mock.timers.tick(1000);
    await setImmediate();
  }
  return promise;
}
