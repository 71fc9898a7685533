import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { GetProcessResponseSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Limit } from "../../../src/async/limit.js";
import type { BreakShape, RefusalShape } from "./break-shapes.js";
import type { Fate } from "./fates.js";
import {
  CHUNKS,
  createWorld,
  getProcess,
  NAME,
  pass,
  streamOutput,
  untilAborted,
} from "./virtual-http2-fixture.js";

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

const lost = (how: string) => ({
  failure: { kind: "lost", message: `connection lost: https://simulated ${how}` },
});

describe("the virtual HTTP/2", () => {
  it("answers a unary call", async () => {
    for (const seed of SEEDS) {
      const world = createWorld({ seed });
      const reader = getProcess(world);
      await pass(world);
      expect(reader.kinds).toEqual(["sent", "headers", "data", "trailers", "closed"]);
      const [message = new Uint8Array()] = reader.messages;
      expect(fromBinary(GetProcessResponseSchema, message).process?.name).toBe(NAME);
      expect([reader.messages.length, reader.status, world.calls.count]).toEqual([1, "0", 0]);
      expect(reader.header).toMatchObject({ ":status": 200, "content-type": /^application\/grpc/ });
    }
  });

  it("splits the DATA of a stream anywhere, and joins messages", async () => {
    const sizes = new Set<number>();
    let joined = 0;
    for (const seed of SEEDS) {
      const world = createWorld({ seed });
      const reader = streamOutput(world);
      let messages = 0;
      reader.onData = () => {
        joined += reader.messages.length > messages + 1 ? 1 : 0;
        ({ length: messages } = reader.messages);
      };
      await pass(world);
      expect(reader.output().equals(Buffer.concat(CHUNKS))).toBe(true);
      expect([reader.status, reader.kinds.at(-1)]).toEqual(["0", "closed"]);
      for (const size of reader.sizes) {
        sizes.add(size);
      }
    }
    expect([...sizes]).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 6, 7]));
    expect(joined).toBeGreaterThan(0);
  });

  it.each<[BreakShape, object]>([
    ["fin", lost("closed it")],
    ["reset", lost("failed (ECONNRESET)")],
    ["connection lost", lost("closed it with GOAWAY INTERNAL_ERROR")],
    ["session error", lost("failed (ERR_HTTP2_SESSION_ERROR)")],
    ["RST_STREAM NO_ERROR", { rstCode: 0, neverProcessed: false }],
    ["RST_STREAM INTERNAL_ERROR", { rstCode: 2, neverProcessed: false }],
    ["RST_STREAM CANCEL", { rstCode: 8, neverProcessed: false }],
    ["RST_STREAM ENHANCE_YOUR_CALM", { rstCode: 11, neverProcessed: false }],
    ["RST_STREAM REFUSED_STREAM", { rstCode: 7, neverProcessed: false }],
  ])("ends a call that a server has seen by %s", async (shape, end) => {
    const world = createWorld({ fates: [{ kind: "lost after", shape }] });
    const reader = getProcess(world);
    await pass(world);
    expect(reader.kinds).toEqual(["sent", "closed"]);
    expect(reader.end).toMatchObject(end);
    expect(world.seen.signals.length).toBe(1);
  });

  it.each<[BreakShape]>([["fin"], ["RST_STREAM NO_ERROR"], ["RST_STREAM CANCEL"]])(
    "cuts a stream at its byte by %s",
    async (shape) => {
      for (const seed of SEEDS) {
        const world = createWorld({ seed, fates: [{ kind: "cut", afterBytes: seed * 5, shape }] });
        const reader = streamOutput(world);
        await pass(world);
        expect([reader.kinds.at(-1), reader.status]).toEqual(["closed", undefined]);
        expect(reader.bytes).toBeLessThanOrEqual(seed * 5);
        expect(world.seen.signals.every(({ aborted }) => aborted)).toBe(true);
      }
    },
  );

  it("says that nothing has seen a refused stream only where that is so", async () => {
    const shape = "RST_STREAM REFUSED_STREAM";
    for (const kind of ["lost before", "lost after"] as const) {
      const world = createWorld({ fates: [{ kind, shape }] });
      const reader = getProcess(world);
      await pass(world);
      expect(reader.end).toMatchObject({ rstCode: 7, neverProcessed: kind === "lost before" });
      expect(world.seen.signals.length).toBe(kind === "lost before" ? 0 : 1);
    }
  });

  it.each<[RefusalShape, string[], object]>([
    ["ECONNREFUSED", ["closed"], { failure: { kind: "refused" } }],
    ["ENOTFOUND", ["closed"], { failure: { kind: "refused" } }],
    ["ERR_HTTP2_GOAWAY_SESSION", ["sent", "closed"], { rstCode: 7, neverProcessed: true }],
    ["ERR_HTTP2_INVALID_SESSION", ["sent", "closed"], { failure: { kind: "refused" } }],
  ])("refuses a call by %s", async (shape, kinds, end) => {
    const world = createWorld({ fates: [{ kind: "refused", shape }] });
    const reader = getProcess(world);
    await pass(world);
    expect(reader.kinds).toEqual(kinds);
    expect(reader.end).toMatchObject(end);
    expect(world.seen.signals.length).toBe(0);
  });

  it("lets the calls on a connection end that takes no more after a GOAWAY", async () => {
    const shape = "ERR_HTTP2_GOAWAY_SESSION";
    const world = createWorld({ fates: [{ kind: "none" }, { kind: "refused", shape }] });
    const first = streamOutput(world);
    await pass(world, () => first.connections.length > 0);
    const refused = getProcess(world, { affinity: first.connections[0] });
    await pass(world, () => refused.end !== undefined);
    const third = getProcess(world, { affinity: first.connections[0] });
    await pass(world);
    expect(third.connections[0]).not.toBe(first.connections[0]);
    expect([first.status, third.status, refused.status]).toEqual(["0", "0", undefined]);
  });

  it("loses the calls on a connection that a GOAWAY ends, but not the one it did not see", async () => {
    const shape = "ERR_HTTP2_INVALID_SESSION";
    const fates: Fate[] = [{ kind: "none" }, { kind: "refused", shape }];
    const world = createWorld({ fates, beforeChunk: untilAborted });
    const first = streamOutput(world);
    await pass(world, () => first.connections.length > 0);
    const unseen = getProcess(world, { affinity: first.connections[0] });
    await pass(world);
    expect(first.end).toMatchObject(lost("closed it with GOAWAY INTERNAL_ERROR"));
    expect(unseen.end).toMatchObject({ failure: { kind: "refused" } });
  });

  it("ends an answer without its status in an orderly way", async () => {
    for (const kind of ["lost before", "lost after"] as const) {
      const world = createWorld({ fates: [{ kind, shape: "no end" }] });
      const reader = getProcess(world);
      await pass(world);
      expect(reader.kinds).toEqual(["sent", "headers", "closed"]);
      expect(reader.end).toEqual({ rstCode: 0, neverProcessed: false });
    }
    const shape = "no end";
    const world = createWorld({ fates: [{ kind: "cut", afterBytes: 30, shape }] });
    const reader = streamOutput(world);
    await pass(world);
    expect(reader.kinds).toEqual(["sent", "headers", "data", "closed"]);
    expect([reader.bytes, reader.end]).toEqual([30, { rstCode: 0, neverProcessed: false }]);
  });

  it("answers like a proxy", async () => {
    const answer = { status: 503, retryAfter: "7" };
    const world = createWorld({ fates: [{ kind: "proxy before", answer }] });
    const reader = getProcess(world);
    await pass(world);
    expect(reader.kinds).toEqual(["sent", "headers", "data", "closed"]);
    expect(reader.header).toMatchObject({
      ":status": 503,
      "content-type": "text/html",
      "retry-after": "7",
    });
  });

  it("tells an error in the headers or in the trailers, but in one of them only", async () => {
    const met = new Set<string>();
    const status = { code: Code.Unavailable, pushback: "12" };
    for (const seed of SEEDS) {
      const world = createWorld({ seed, fates: [{ kind: "status before", status }] });
      const reader = seed % 2 === 0 ? getProcess(world) : streamOutput(world);
      await pass(world);
      expect(reader.status).toBe(`${Code.Unavailable}`);
      met.add(reader.kinds.join(", "));
    }
    expect([...met].sort()).toEqual(["sent, headers, closed", "sent, headers, trailers, closed"]);
  });

  it.each([0, 60])(
    "holds the server and all that comes back, with a window of %i bytes",
    async (windowBytes) => {
      for (const seed of SEEDS) {
        const world = createWorld({ seed, windowBytes });
        const reader = streamOutput(world);
        reader.onData = () => reader.stream?.pause();
        let least = 0;
        while (reader.end === undefined) {
          await pass(world);
          const told = reader.events.length;
          await pass(world);
          expect(reader.events.length).toBe(told);
          if (reader.status === undefined) {
            // The service changes the chunks: their bytes are what can be compared.
            const sent = Buffer.concat(CHUNKS.slice(0, world.seen.chunks)).length;
            expect(sent).toBeLessThanOrEqual(reader.bytes + windowBytes + 200);
          }
          expect(reader.events.length).toBeGreaterThan(least);
          least = reader.events.length;
          reader.stream?.resume();
        }
        expect(reader.output().equals(Buffer.concat(CHUNKS))).toBe(true);
      }
    },
  );

  it("tells a cancelled call nothing more, and lets the server know", async () => {
    for (const seed of SEEDS) {
      const world = createWorld({ seed });
      const reader = streamOutput(world);
      reader.onData = () => {
        if (reader.bytes > seed * 5) {
          reader.stream?.cancel();
        }
      };
      await pass(world, () => reader.bytes > seed * 5);
      const told = reader.events.length;
      await pass(world);
      expect([reader.events.length, reader.end]).toEqual([told, undefined]);
      expect(world.seen.signals.every(({ aborted }) => aborted)).toBe(true);
      expect(world.calls.count).toBe(0);
    }
  });

  it("takes a call out of the line when it is cancelled or its limit ends", async () => {
    const world = createWorld();
    const limit = new Limit();
    const cancelled = getProcess(world);
    const limited = getProcess(world, { limit });
    cancelled.stream?.cancel();
    limit.end(() => new Error("enough"));
    await pass(world);
    expect([cancelled.kinds, limited.kinds]).toEqual([[], ["closed"]]);
    expect([world.seen.signals.length, world.calls.count]).toEqual([0, 0]);
  });

  it("ends every call on a connection that is given up, and no other", async () => {
    const world = createWorld({ beforeChunk: untilAborted });
    const first = streamOutput(world);
    await pass(world, () => first.connections.length > 0);
    const [connection] = first.connections;
    const companion = streamOutput(world, { affinity: connection });
    connection?.avoid();
    const other = streamOutput(world);
    await pass(world, () => other.connections.length > 0);
    const asking = getProcess(world, { affinity: connection });
    expect(companion.connections[0]).toBe(connection);
    expect(asking.connections[0]).toBe(connection);
    expect(other.connections[0]).not.toBe(connection);
    await pass(world, () => asking.end !== undefined);
    connection?.destroy("did not answer any more");
    expect(first.end).toBe(undefined);
    await pass(world);
    for (const reader of [first, companion]) {
      expect(reader.end).toMatchObject(lost("did not answer any more"));
    }
    expect([asking.status, other.end]).toEqual(["0", undefined]);
    // The server knows it too: only the other stream is open for it.
    expect(world.seen.signals.filter(({ aborted }) => !aborted).length).toBe(1);
    const next = getProcess(world, { affinity: connection });
    await pass(world);
    expect(next.connections[0]).not.toBe(connection);
    other.stream?.cancel();
    expect(world.calls.count).toBe(0);
  });

  it("takes down what shares a connection with a call that loses it", async () => {
    const shape = "reset";
    const fates: Fate[] = [{ kind: "none" }, { kind: "lost before", shape }];
    const world = createWorld({ fates, beforeChunk: untilAborted });
    const first = streamOutput(world);
    await pass(world, () => first.connections.length > 0);
    const second = getProcess(world, { affinity: first.connections[0] });
    await pass(world);
    expect([first.end, second.end]).toMatchObject([
      lost("failed (ECONNRESET)"),
      lost("failed (ECONNRESET)"),
    ]);
  });

  it("hears nothing on a connection that stalls, until it is given up", async () => {
    const fates: Fate[] = [{ kind: "none" }, { kind: "stalled after" }];
    const world = createWorld({ fates, stallingConnections: 1 });
    const first = streamOutput(world);
    await pass(world, () => first.connections.length > 0);
    const [connection] = first.connections;
    const stalled = getProcess(world, { affinity: connection });
    await pass(world);
    const later = getProcess(world, { affinity: connection });
    await pass(world);
    expect([stalled.kinds, later.kinds]).toEqual([["sent"], ["sent"]]);
    connection?.destroy("did not answer any more");
    await pass(world);
    for (const reader of [stalled, later]) {
      expect(reader.end).toMatchObject(lost("did not answer any more"));
    }
  });

  it("loses all connections with the server, and finds it again", async () => {
    const world = createWorld({ beforeChunk: untilAborted });
    const first = streamOutput(world);
    await pass(world, () => first.connections.length > 0);
    world.network.restart(1_000, "fin");
    const down = getProcess(world);
    await pass(world, () => down.end !== undefined);
    expect(down.end).toMatchObject({ failure: { kind: "refused" } });
    expect(first.end).toMatchObject(lost("closed it"));
    await pass(world);
    const next = getProcess(world, { affinity: first.connections[0] });
    await pass(world);
    expect([next.status, next.connections[0] === first.connections[0]]).toEqual(["0", false]);
  });

  it("refuses a call for which the server stops before there is a connection", async () => {
    const world = createWorld();
    const reader = getProcess(world);
    world.network.restart(1_000, "reset");
    await pass(world);
    expect(reader.kinds).toEqual(["closed"]);
    expect(reader.end).toMatchObject({ failure: { kind: "refused" } });
  });

  it("ends every call when it is closed, and refuses later ones", async () => {
    const world = createWorld({ beforeChunk: untilAborted });
    const before = streamOutput(world);
    await pass(world, () => before.connections.length > 0);
    const failure = { kind: "local", code: Code.Canceled, message: "closed" } as const;
    world.http2.close(failure);
    const after = getProcess(world);
    await pass(world);
    expect([before.end, after.end]).toEqual([{ failure }, { failure }]);
    expect([after.kinds, world.calls.count]).toEqual([["closed"], 0]);
  });

  it("goes the same way with the same seed", async () => {
    for (const seed of SEEDS) {
      const fates: Fate[] = [{ kind: "cut", afterBytes: 300, shape: "fin" }];
      const [first, second] = await Promise.all(
        [1, 2].map(async () => {
          const world = createWorld({ seed, fates });
          const reader = streamOutput(world);
          await pass(world);
          return [reader.events, world.log.lines];
        }),
      );
      expect(first).toEqual(second);
    }
  });
});
