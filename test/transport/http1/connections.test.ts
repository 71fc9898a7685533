import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Limit } from "../../../src/async/limit.js";
import { FailureThrown } from "../../../src/errors/outcome.js";
import { parseAiemUrl } from "../../../src/transport/aiem-url.js";
import { CLIENT_CLOSED } from "../../../src/transport/failures.js";
import { Http1Connections } from "../../../src/transport/http1/connections.js";
import { type Attempt, newAttempt } from "../../../src/transport/wire.js";
import { closing } from "../support/cleanup.js";
import { followForever } from "../support/follow.js";
import { startProcessServer } from "../support/process-server.js";

/** connect-node over connections that ask whose call it is. */
async function start() {
  const service = { getProcess: () => ({}), streamOutput: followForever };
  const server = closing(await startProcessServer({ service, http1: true }));
  let current: Attempt | undefined;
  const dial = { address: parseAiemUrl(server.url), connectTimeoutMs: 10_000, verifySsl: true };
  const connections = new Http1Connections(dial, () => current);
  closing({ close: () => connections.close(CLIENT_CLOSED) });
  const nodeOptions = { agent: connections.agent };
  const transport = createConnectTransport({
    baseUrl: server.url,
    httpVersion: "1.1",
    nodeOptions,
  });
  return {
    server,
    connections,
    client: createClient(ProcessService, transport),
    newAttempt: (limit = new Limit()) => {
      current = newAttempt({}, limit);
      return current;
    },
  };
}

test("the attempt gets to know its connection, a new one and one that was idle", async () => {
  const { server, client, newAttempt } = await start();
  const first = newAttempt();
  await client.getProcess({ name: "p" });
  await new Promise((resolve) => setImmediate(resolve));
  const second = newAttempt();
  await client.getProcess({ name: "p" });
  expect(first.evidence.connection).toBeDefined();
  expect(second.evidence.connection).toBe(first.evidence.connection);
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

test("closing ends a connection in the making, and says why", async () => {
  const { server, connections, client } = await start();
  const call = client.getProcess({ name: "p" });
  connections.close(CLIENT_CLOSED);
  const error: unknown = await call.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ cause: expect.any(FailureThrown) });
  expect(error).toMatchObject({ cause: { failure: CLIENT_CLOSED } });
  await expect.poll(() => server.sockets.size).toBe(0);
});
