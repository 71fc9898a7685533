import { Code, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { runInCall } from "../../../src/transport/call-context.js";
import { CallRecord } from "../../../src/transport/call-record.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { followForever } from "../support/follow.js";
import { startProcessServer } from "../support/process-server.js";

async function start(maxConcurrentStreams: number) {
  const server = closing(
    await startProcessServer({
      service: {
        streamOutput: followForever,
        getProcess: () => ({ process: { name: "p" } }),
      },
      settings: { maxConcurrentStreams },
    }),
  );
  const { transport } = closing(createTransport({ aiemUrl: server.url }, { maxConnections: 16 }));
  const client = createClient(ProcessService, transport);
  const follow = async (record = new CallRecord()) => {
    const abort = new AbortController();
    const follower = runInCall(record, () =>
      client.streamOutput({ name: "p" }, { signal: abort.signal })[Symbol.asyncIterator](),
    );
    await follower.next();
    return {
      record,
      async stop() {
        const end = follower.next();
        abort.abort();
        await end.catch(() => undefined);
      },
    };
  };
  return { server, client, follow };
}

test("beyond 16 connections calls wait for a free stream", async () => {
  const { server, client, follow } = await start(1);
  const followers = await Promise.all(Array.from({ length: 16 }, () => follow()));
  expect(server.sessions).toHaveLength(16);
  let answered = false;
  const call = client.getProcess({ name: "p" }).then(() => {
    answered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(answered).toBe(false);
  await followers[7]?.stop();
  await call;
  expect(server.sessions).toHaveLength(16);
});

test("a call that waits for a free stream can be cancelled, and is never sent", async () => {
  const { client, follow } = await start(1);
  const followers = await Promise.all(Array.from({ length: 16 }, () => follow()));
  const abort = new AbortController();
  const record = new CallRecord();
  const call = runInCall(record, () => client.getProcess({ name: "p" }, { signal: abort.signal }));
  const end = expect(call).rejects.toMatchObject({ code: Code.Canceled });
  await new Promise((resolve) => setTimeout(resolve, 20));
  abort.abort();
  await end;
  expect(record).toMatchObject({ sent: false, neverProcessed: true });
  // The stream that becomes free next is not lost to the cancelled call.
  await followers[0]?.stop();
  await client.getProcess({ name: "p" });
});

test("a call can be put on the connection of another one, even if that is full of followers", async () => {
  const { server, client, follow } = await start(10);
  const followers = [];
  for (let i = 0; i < 20; i++) {
    followers.push(await follow());
  }
  expect(server.sessions).toHaveLength(3);
  for (const follower of followers) {
    const probe = new CallRecord({ affinity: follower.record });
    await runInCall(probe, () => client.getProcess({ name: "p" }));
    expect(probe.sharesConnectionWith(follower.record)).toBe(true);
  }
});

test("a server that allows more streams later is believed", async () => {
  const { server, follow } = await start(1);
  await follow();
  server.sessions[0]?.settings({ maxConcurrentStreams: 50 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all(Array.from({ length: 20 }, () => follow()));
  expect(server.sessions).toHaveLength(1);
});

test("a server without a limit gets one connection", async () => {
  const { server, follow } = await start(4_294_967_295);
  await Promise.all(Array.from({ length: 150 }, () => follow()));
  expect(server.sessions).toHaveLength(1);
});
