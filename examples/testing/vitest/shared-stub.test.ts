import { randomUUID } from "node:crypto";
import { ProcessClient } from "aiem-process-client";
import { afterAll, afterEach, beforeEach, expect, inject, test } from "vitest";

const { url, token, control } = inject("aiem");
const client = new ProcessClient({ aiemUrl: url, tokenProvider: token });
let parent = "";

/** Calls the control API, since the stub is in another process. */
async function tell(method: string, path: string, body = {}): Promise<void> {
  const response = await fetch(`${control.url}/${path}`, {
    method,
    headers: { authorization: `Bearer ${control.token}` },
    ...(method === "DELETE" ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.status, await response.text()).toBe(200);
}

beforeEach(async () => {
  parent = `workspaces/test/sandboxEngines/e-${randomUUID()}`;
  await tell("PUT", parent);
});
afterEach(() => tell("DELETE", parent));
afterAll(() => client.close());

test("a process runs", async () => {
  const { stdout } = await client.runProcess(parent, { command: "echo", args: ["hello"] });
  expect(stdout.text()).toBe("hello\n");
});

test("an outage of this test's process alone is survived", async () => {
  const { name } = await client.createProcess(parent, { command: "true" });
  const fault = { method: "StartProcess", process: name, fault: "status", code: "UNAVAILABLE" };
  await tell("POST", "faults", fault);
  await client.startProcess(name);
  expect((await client.waitProcess(name)).exitCode).toBe(0);
});
