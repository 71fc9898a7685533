import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { followForever } from "../support/follow.js";
import { startProcessServer } from "../support/process-server.js";

// More than the connections that a pool opens for its calls.
const FOLLOWERS = 20;

test("connections that are kept for the calls on them leave room for others", async () => {
  const service = { streamOutput: followForever, getProcess: () => ({ process: { name: "p" } }) };
  const server = closing(await startProcessServer({ service }));
  const own = closing(createTransport({ aiemUrl: server.url }, { protocol: "grpc" }));
  const client = createClient(ProcessService, own.transport);
  for (let n = 0; n < FOLLOWERS; n += 1) {
    await client.streamOutput({ name: "p" })[Symbol.asyncIterator]().next();
    own.sent.at(-1)?.attempt.evidence.connection?.avoid();
  }
  const { process } = await client.getProcess({ name: "p" }, { timeoutMs: 20_000 });
  expect(process?.name).toBe("p");
  expect(server.sessions.filter((session) => !session.closed)).toHaveLength(FOLLOWERS + 1);
});
