import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { runInCall } from "../../../src/transport/call-context.js";
import { CallRecord } from "../../../src/transport/call-record.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { followForever } from "../support/follow.js";
import { startProcessServer } from "../support/process-server.js";

async function start() {
  const service = { getProcess: () => ({}), streamOutput: followForever };
  const server = closing(await startProcessServer({ service, http1: true }));
  const clientTransport = closing(
    createTransport({ aiemUrl: server.url }, { protocol: "connect", httpVersion: "1.1" }),
  );
  const client = createClient(ProcessService, clientTransport.transport);
  return { server, clientTransport, client };
}

test("an idle connection is used again", async () => {
  const { server, client } = await start();
  const first = new CallRecord();
  await runInCall(first, () => client.getProcess({ name: "p" }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const second = new CallRecord();
  await runInCall(second, () => client.getProcess({ name: "p" }));
  expect(second).toMatchObject({ sent: true, answered: true });
  expect(second.sharesConnectionWith(first)).toBe(true);
  expect(server.sockets.size).toBe(1);
});

test("followers and short calls have connections of their own", async () => {
  const { server, client } = await start();
  const followers = Array.from({ length: 20 }, () =>
    client.streamOutput({ name: "p" })[Symbol.asyncIterator](),
  );
  await Promise.all(followers.map((follower) => follower.next()));
  await client.getProcess({ name: "p" });
  expect(server.sockets.size).toBe(21);
});

test("closing ends a connection in the making", async () => {
  const { server, clientTransport, client } = await start();
  const call = client.getProcess({ name: "p" });
  clientTransport.close();
  await expect(call).rejects.toMatchObject(failure("Canceled", /^the client was closed$/));
  await expect.poll(() => server.sockets.size).toBe(0);
});
