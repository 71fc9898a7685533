import { constants } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Session } from "../../../src/transport/http2/session.js";
import { createTransport } from "../../support/create-transport.js";
import type { Sent } from "../../support/transport-of-wire.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { followForever } from "../support/follow.js";
import { startProcessServer } from "../support/process-server.js";

const service = {
  streamOutput: followForever,
  getProcess: () => ({ process: { name: "p" } }),
};

async function start() {
  const server = closing(await startProcessServer({ service }));
  const { transport, sent } = closing(createTransport({ aiemUrl: server.url }));
  return { server, sent, client: createClient(ProcessService, transport) };
}

/** What the server said in a GOAWAY on the connection of the last call. */
function goawayOf(sent: readonly Sent[]) {
  const connection = sent.at(-1)?.attempt.evidence.connection;
  return connection instanceof Session ? connection.goaway : undefined;
}

test("a call that follows a GOAWAY on an idle connection succeeds, 20 times", async () => {
  const { server, sent, client } = await start();
  for (let i = 0; i < 20; i++) {
    await client.getProcess({ name: "p" });
    server.sessions.at(-1)?.goaway(constants.NGHTTP2_NO_ERROR);
    // Half of them before the frame arrives, half after it.
    if (i % 2 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await client.getProcess({ name: "p" }).catch(async (error: unknown) => {
      // HTTP/2 cannot avoid this race, but tells that it lost it.
      expect(sent.at(-1)?.failure?.kind, String(error)).toBe("refused");
      await client.getProcess({ name: "p" });
    });
  }
  expect(server.sessions.length).toBeGreaterThan(10);
});

test("after a GOAWAY open streams go on and new calls use another connection", async () => {
  const { server, client } = await start();
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const draining = closing(
    await startProcessServer({
      service: {
        ...service,
        async *streamOutput() {
          yield { data: new Uint8Array([1]) };
          await released;
          yield { data: new Uint8Array([2]) };
        },
      },
    }),
  );
  const { transport, sent } = closing(createTransport({ aiemUrl: draining.url }));
  const drainingClient = createClient(ProcessService, transport);
  const follower = drainingClient.streamOutput({ name: "p" })[Symbol.asyncIterator]();
  await follower.next();
  draining.sessions[0]?.close();
  await expect.poll(() => goawayOf(sent)).toBeDefined();
  await drainingClient.getProcess({ name: "p" });
  expect(draining.sessions).toHaveLength(2);
  release();
  expect((await follower.next()).value?.data).toEqual(new Uint8Array([2]));
  expect((await follower.next()).done).toBe(true);
  await expect.poll(() => draining.sessions[0]?.destroyed).toBe(true);
  expect(server.sessions).toHaveLength(0);
  await client.getProcess({ name: "p" });
});

test("a GOAWAY with an error code ends the open streams as Unavailable", async () => {
  const { server, sent, client } = await start();
  const follower = client.streamOutput({ name: "p" })[Symbol.asyncIterator]();
  await follower.next();
  server.sessions[0]?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await expect(follower.next()).rejects.toMatchObject(
    failure("Unavailable", /^connection lost: http:.* closed it with GOAWAY ENHANCE_YOUR_CALM$/),
  );
  expect(goawayOf(sent)?.code).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  expect(sent.at(-1)?.failure?.kind).toBe("lost");
  await client.getProcess({ name: "p" });
});
