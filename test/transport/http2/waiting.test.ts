import { Code, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { type Sent, transportOfWire } from "../../support/transport-of-wire.js";
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
  const { transport, wire, sent } = closing(
    createTransport({ aiemUrl: server.url }, { maxConnections: 16 }),
  );
  const client = createClient(ProcessService, transport);
  const follow = async () => {
    const abort = new AbortController();
    const options = { signal: abort.signal };
    const follower = client.streamOutput({ name: "p" }, options)[Symbol.asyncIterator]();
    const first = follower.next();
    const evidence = sent.at(-1)?.attempt.evidence;
    await first;
    return {
      connection: evidence?.connection,
      async stop() {
        const end = follower.next();
        abort.abort();
        await end.catch(() => undefined);
      },
    };
  };
  return { server, client, wire, sent, follow };
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
  const { client, sent, follow } = await start(1);
  const followers = await Promise.all(Array.from({ length: 16 }, () => follow()));
  const abort = new AbortController();
  const call = client.getProcess({ name: "p" }, { signal: abort.signal });
  const end = expect(call).rejects.toMatchObject({ code: Code.Canceled });
  await new Promise((resolve) => setTimeout(resolve, 20));
  abort.abort();
  await end;
  expect(sent.at(-1)).toMatchObject({
    attempt: { evidence: { connection: undefined } },
    failure: { kind: "local" },
  });
  // The stream that becomes free next is not lost to the cancelled call.
  await followers[0]?.stop();
  await client.getProcess({ name: "p" });
});

test("a call can be put on the connection of another one, even if that is full of followers", async () => {
  const { server, wire, follow } = await start(10);
  const followers = [];
  for (let i = 0; i < 20; i++) {
    followers.push(await follow());
  }
  expect(server.sessions).toHaveLength(3);
  for (const { connection } of followers) {
    const sent: Sent[] = [];
    const transport = transportOfWire(wire, sent, { affinity: connection });
    await createClient(ProcessService, transport).getProcess({ name: "p" });
    expect(connection).toBeDefined();
    expect(sent[0]?.attempt.evidence.connection === connection).toBe(true);
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
