const { randomUUID } = require("node:crypto");

const { AIEM_URL, AIEM_TOKEN, AIEM_CONTROL_URL, AIEM_CONTROL_TOKEN } = process.env;
let client;
let parent;

/** Calls the control API, since the stub is in another process. */
async function tell(method, path, body) {
  const response = await fetch(`${AIEM_CONTROL_URL}/${path}`, {
    method,
    headers: { authorization: `Bearer ${AIEM_CONTROL_TOKEN}` },
    body: body && JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

beforeEach(async () => {
  const { ProcessClient } = await import("aiem-process-client");
  client = new ProcessClient({ aiemUrl: AIEM_URL, tokenProvider: AIEM_TOKEN });
  parent = `workspaces/test/sandboxEngines/e-${randomUUID()}`;
  await tell("PUT", parent, {});
});
afterEach(async () => {
  client.close();
  await tell("DELETE", parent);
});

test("an outage of this test's process alone is survived", async () => {
  const { name } = await client.createProcess(parent, { command: "true" });
  const fault = { method: "StartProcess", process: name, fault: "status", code: "UNAVAILABLE" };
  await tell("POST", "faults", fault);
  await client.startProcess(name);
  expect((await client.waitProcess(name)).exitCode).toBe(0);
});
