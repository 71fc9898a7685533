import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { followForever } from "../support/follow.js";
import { startProcessServer } from "../support/process-server.js";

test.each(["grpc", "connect"] as const)(
  "300 followers and 50 short calls pass a server that allows 100 streams (%s)",
  async (protocol) => {
    const open = new Map<unknown, number>();
    const most = new Map<unknown, number>();
    const server = closing(
      await startProcessServer({
        service: { streamOutput: followForever, getProcess: () => ({ process: { name: "p" } }) },
        settings: { maxConcurrentStreams: 100 },
        onSession: (session) => {
          session.on("stream", (stream) => {
            const now = (open.get(session) ?? 0) + 1;
            open.set(session, now);
            most.set(session, Math.max(now, most.get(session) ?? 0));
            stream.on("close", () => open.set(session, (open.get(session) ?? 0) - 1));
          });
        },
      }),
    );
    const { transport } = closing(createTransport({ aiemUrl: server.url }, { protocol }));
    const client = createClient(ProcessService, transport);
    const followers = Array.from({ length: 300 }, () =>
      client.streamOutput({ name: "p" })[Symbol.asyncIterator](),
    );
    const first = Promise.all(followers.map((follower) => follower.next()));
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.getProcess({ name: "p" })),
    );

    expect(answers).toHaveLength(50);
    expect((await first).every((result) => !result.done)).toBe(true);
    // Ten streams of each session are kept for short calls.
    const followed = [...open.values()].sort((a, b) => b - a);
    expect(followed).toEqual([90, 90, 90, 30]);
    expect(Math.max(...most.values())).toBeLessThanOrEqual(100);
  },
);
