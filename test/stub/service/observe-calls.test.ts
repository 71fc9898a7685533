import { createClient } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { ProcessService } from "../../../src/gen.js";
import { ProcessClient } from "../../../src/index.js";
import { type StubCall, startStubServer } from "../../../src/stub/index.js";
import { closing } from "../../transport/support/cleanup.js";
import { PROTOCOLS } from "../server/protocols.js";

async function start() {
  const calls: StubCall[] = [];
  const stub = closing(await startStubServer({ onCall: (call) => calls.push(call) }));
  return { stub, calls };
}

const PROCESS = { command: "echo", args: ["hello"] };

it.each(PROTOCOLS)("tells each call over %s when it has ended", async (title, make) => {
  const { stub, calls } = await start();
  const { transport } = closing(make(stub.url));
  const rpc = createClient(ProcessService, transport);
  const headers = { authorization: `Bearer ${stub.token}` };
  const created = await rpc.createProcess(
    { parent: stub.parent, process: PROCESS, autoRun: true },
    { headers },
  );
  const name = created.process?.name ?? "";
  for await (const _ of rpc.streamOutput({ name }, { headers })) {
    // Read to its end.
  }
  await rpc.getProcess({ name: `${name}x` }, { headers }).catch(() => {});
  await rpc.getProcess({ name }).catch(() => {});
  await expect.poll(() => calls).toHaveLength(4);
  const protocol = /grpc-web|grpc|connect|rest/i.exec(title)?.[0].toLowerCase();
  expect(calls.map(({ method, status }) => [method, status])).toEqual([
    ["CreateProcess", "OK"],
    ["StreamOutput", "OK"],
    ["GetProcess", "NOT_FOUND"],
    ["GetProcess", "UNAUTHENTICATED"],
  ]);
  expect(calls.map(({ resource }) => resource)).toEqual([stub.parent, name, `${name}x`, name]);
  for (const call of calls) {
    expect(call.protocol).toBe(protocol);
    expect(call.durationMs).toBeGreaterThanOrEqual(0);
  }
  expect(calls[0]?.message).toBe("");
  expect(calls[2]?.message).toMatch(/was not found/);
});

it("tells a stream once whose caller went away, and what an injected fault said", async () => {
  const { stub, calls } = await start();
  const client = new ProcessClient(stub.connection, { retry: false });
  closing({ close: async () => client.close() });
  const { name } = await client.createProcess(
    stub.parent,
    { command: "sh", args: ["-c", "echo ready; sleep 60"] },
    { autoRun: true },
  );
  for await (const _ of client.streamOutput(name)) {
    break;
  }
  await expect
    .poll(() => calls.filter(({ method }) => method === "StreamOutput"))
    .toMatchObject([{ status: "CANCELLED", resource: name }]);
  const headers = { authorization: `Bearer ${stub.token}` };
  await fetch(`${stub.url}/v1/${stub.parent}/processes`, { headers });
  await expect
    .poll(() => calls.at(-1))
    .toMatchObject({ method: "ListProcesses", protocol: "rest" });
  stub.faults.add({ method: "GetProcess", fault: "status", code: "DATA_LOSS", message: "gone" });
  await client.getProcess(name).catch(() => {});
  await expect.poll(() => calls.at(-1)).toMatchObject({ status: "DATA_LOSS", message: "gone" });
});
