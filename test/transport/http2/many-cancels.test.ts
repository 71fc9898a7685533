import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { followForever } from "../support/follow.js";
import { startProcessServer } from "../support/process-server.js";

// More than a server of Node.js stands on one connection, even if they take ten seconds.
const CANCELS = 1_500;
const AT_ONCE = 50;

test.each(["grpc", "connect"] as const)(
  "many cancelled calls end no other call, whatever a server stands on one connection (%s)",
  { timeout: 120_000 },
  async (protocol) => {
    const service = { streamOutput: followForever };
    const server = closing(await startProcessServer({ service }));
    const { transport } = closing(createTransport({ aiemUrl: server.url }, { protocol }));
    const client = createClient(ProcessService, transport);
    const follow = async () => {
      const abort = new AbortController();
      const options = { signal: abort.signal };
      const follower = client.streamOutput({ name: "p" }, options)[Symbol.asyncIterator]();
      await follower.next();
      return { follower, abort };
    };
    const other = await follow();
    const bystander = other.follower.next();
    const cancelled = async () => {
      const { follower, abort } = await follow();
      const end = follower.next();
      abort.abort();
      await end.catch(() => undefined);
    };
    for (let n = 0; n < CANCELS; n += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, cancelled));
    }
    // It would have failed with the connection; nothing but its own end ends it.
    other.abort.abort(new Error("enough"));
    await expect(bystander).rejects.toMatchObject({ cause: new Error("enough") });
    expect(server.sessions.length).toBeGreaterThan(1);
  },
);
