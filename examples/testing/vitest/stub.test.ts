import { Code, ProcessClient } from "aiem-process-client";
import { afterEach, expect, vi } from "vitest";
import { test } from "./stub.js";

const DAY_MS = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

test("a process that fails is a result", async ({ client, parent }) => {
  const spec = { command: "sh", args: ["-c", "echo 'no such model' >&2; exit 4"] };
  const { exitCode, stderr } = await client.runProcess(parent, spec);
  expect(exitCode).toBe(4);
  expect(stderr.text()).toBe("no such model\n");
});

test("another test's processes are not here", async ({ client, parent }) => {
  expect((await client.listProcesses(parent)).processes).toEqual([]);
});

test("a connection that breaks loses nothing", async ({ stub, client, parent }) => {
  const reset = stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 2 } });
  const { stdout } = await client.runProcess(parent, { command: "echo", args: ["hello"] });
  expect(stdout.text()).toBe("hello\n");
  expect(reset.fired).toBe(1);
});

test("a server that nobody reaches is Unavailable", async ({ stub, client, parent }) => {
  await stub.stop();
  await expect(client.listProcesses(parent)).rejects.toMatchObject({ code: Code.Unavailable });
});

test("a restart does not end a wait", async ({ stub, client, parent }) => {
  const spec = { command: "sleep", args: ["0.5"] };
  const { name } = await client.createProcess(parent, spec, { autoRun: true });
  const ended = client.waitProcess(name);
  await stub.stop();
  await stub.listen();
  expect((await ended).state).toBe("STATE_SUCCEEDED");
});

test("a token that is not known is refused", async ({ stub, parent }) => {
  const client = new ProcessClient({ aiemUrl: stub.url, tokenProvider: "unknown" });
  await expect(client.listProcesses(parent)).rejects.toMatchObject({ code: Code.Unauthenticated });
  client.close();
});

test("an hour of waiting takes no time", async ({ stub, parent }) => {
  // What travels takes real time: a fake clock that runs ahead would end it.
  const patient = { attemptTimeoutMs: DAY_MS, connectTimeoutMs: DAY_MS };
  const client = new ProcessClient(stub.connection, patient);
  const { name } = await client.createProcess(parent, { command: "true" });
  vi.useFakeTimers();
  setTimeout(() => client.startProcess(name), 3_600_000);
  const waiting = client.waitProcessByPolling(name, {
    pollIntervalSeconds: 60,
    timeoutSeconds: null,
  });
  expect(await meanwhile(waiting)).toMatchObject({ state: "STATE_SUCCEEDED" });
  client.close();
});

/** Lets fake time pass until something is there. What goes over the network takes real time. */
async function meanwhile<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  void promise.finally(() => {
    settled = true;
  });
  while (!settled) {
    await vi.advanceTimersByTimeAsync(1000);
  }
  return promise;
}
