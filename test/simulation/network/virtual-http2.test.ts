import type { IncomingHttpHeaders } from "node:http2";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  GetProcessRequestSchema,
  GetProcessResponseSchema,
  type ProcessService,
  StreamOutputRequestSchema,
  StreamOutputResponseSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Limit } from "../../../src/async/limit.js";
import type { Http2End, Http2Listener, Http2Stream } from "../../../src/transport/http2/http2.js";
import type { Connection } from "../../../src/transport/wire.js";
import { faultyService } from "../server/faulty-service.js";
import { inMemoryServer } from "../server/in-memory-server.js";
import { OutputChanges } from "../server/output-changes.js";
import { Pending } from "../world/pending.js";
import { Random } from "../world/random.js";
import { VirtualTime } from "../world/virtual-time.js";
import type { BreakShape, RefusalShape } from "./break-shapes.js";
import { CallLog } from "./call-log.js";
import type { Fate } from "./fates.js";
import { CALL_HEADER, Network } from "./network.js";
import { OpenCalls } from "./open-calls.js";
import { VirtualHttp2 } from "./virtual-http2.js";

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);
const CHUNKS = Array.from({ length: 12 }, (_, index) => new Uint8Array(7 * index + 1).fill(index));
const NAME = "workspaces/w/sandboxEngines/e/processes/p";

interface WorldOptions {
  readonly seed?: number;
  /** The fates of the calls, in order; then none. */
  readonly fates?: readonly Fate[];
  readonly windowBytes?: number;
  readonly stallingConnections?: number;
  /** What StreamOutput waits for before each chunk. */
  readonly beforeChunk?: (signal: AbortSignal) => Promise<void>;
}

/** A service that answers GetProcess at once and StreamOutput with CHUNKS, behind the network. */
function createWorld(options: WorldOptions = {}) {
  const { seed = 1, fates = [], windowBytes, stallingConnections, beforeChunk } = options;
  const time = new VirtualTime();
  const random = new Random(seed);
  const log = new CallLog(time);
  const calls = new OpenCalls();
  const seen = { signals: [] as AbortSignal[], chunks: 0 };
  const service: Pick<ServiceImpl<typeof ProcessService>, "getProcess" | "streamOutput"> = {
    getProcess(request, { signal }) {
      seen.signals.push(signal);
      return { process: { name: request.name } };
    },
    async *streamOutput(_request, { signal }) {
      seen.signals.push(signal);
      for (const data of CHUNKS) {
        await beforeChunk?.(signal);
        seen.chunks += 1;
        yield { stream: OutputStream.STDOUT, data };
      }
    },
  };
  const unused = () => Promise.reject(new Error("is not called"));
  const faulty = faultyService(
    {
      ...service,
      createProcess: unused,
      startProcess: unused,
      listProcesses: unused,
      sendSignal: unused,
      waitProcess: unused,
      readOutput: unused,
      readOutputFrames: unused,
    },
    {
      disk: new Pending(),
      handlers: new Pending(),
      output: new OutputChanges({
        random: new Random(seed),
        captured: () => 0,
        known: () => 0,
        onRewritten: () => undefined,
      }),
      fateOf: (header) => log.entries[Number(header.get(CALL_HEADER))]?.fate ?? { kind: "none" },
    },
  );
  let next = 0;
  const network = new Network({
    time,
    random: random.fork(),
    log,
    serve: inMemoryServer(faulty),
    drawFate: () => {
      next += 1;
      return fates[next - 1] ?? { kind: "none" };
    },
  });
  const http2 = new VirtualHttp2({
    time,
    random: random.fork(),
    log,
    network,
    calls,
    ...(windowBytes !== undefined && { windowBytes }),
    ...(stallingConnections !== undefined && { stallingConnections }),
  });
  return { time, network, http2, log, calls, seen };
}
type World = ReturnType<typeof createWorld>;

/** Reads gRPC, as much of it as a test needs, and notes what it is told. */
class Reader implements Http2Listener {
  readonly events: string[] = [];
  readonly connections: Connection[] = [];
  readonly messages: Uint8Array[] = [];
  readonly sizes: number[] = [];
  status: string | undefined;
  header: IncomingHttpHeaders | undefined;
  end: Http2End | undefined;
  onData: () => void = () => undefined;
  stream: Http2Stream | undefined;
  readonly #time: VirtualTime;
  #rest = Buffer.alloc(0);

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  sent(connection: Connection): void {
    this.#note("sent");
    this.connections.push(connection);
  }

  headers(headers: IncomingHttpHeaders): void {
    this.#note(`headers ${headers[":status"]}`);
    this.header = headers;
    this.#readStatus(headers);
  }

  data(chunk: Uint8Array): void {
    this.#note(`data ${chunk.length}`);
    this.sizes.push(chunk.length);
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 5 && this.#rest.length >= 5 + this.#rest.readUInt32BE(1)) {
      const length = this.#rest.readUInt32BE(1);
      this.messages.push(this.#rest.subarray(5, 5 + length));
      this.#rest = this.#rest.subarray(5 + length);
    }
    this.onData();
  }

  trailers(headers: IncomingHttpHeaders): void {
    this.#note("trailers");
    this.#readStatus(headers);
  }

  closed(end: Http2End): void {
    this.#note("closed");
    this.end = end;
  }

  /** The names of the events, each run of the same ones told once. */
  get kinds(): string[] {
    return this.events
      .map((event) => event.split(" ").at(1) ?? "")
      .filter((kind, index, all) => kind !== all[index - 1]);
  }

  get bytes(): number {
    return this.sizes.reduce((sum, size) => sum + size, 0);
  }

  output(): Buffer {
    return Buffer.concat(
      this.messages.map((message) => fromBinary(StreamOutputResponseSchema, message).data),
    );
  }

  #note(event: string): void {
    expect(this.end, "nothing comes after the end").toBe(undefined);
    this.events.push(`${this.#time.now} ${event}`);
  }

  #readStatus({ "grpc-status": status }: IncomingHttpHeaders): void {
    if (typeof status === "string") {
      this.status = status;
    }
  }
}

function call<D extends DescMessage>(
  { http2, time }: World,
  method: string,
  [schema, message]: [D, MessageShape<D>],
  { affinity, limit = new Limit() }: { affinity?: Connection | undefined; limit?: Limit } = {},
): Reader {
  const bytes = toBinary(schema, message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  const reader = new Reader(time);
  reader.stream = http2.request(
    {
      headers: {
        ":method": "POST",
        ":path": `/ai.h2o.engine.sandbox.v1.ProcessService/${method}`,
        "content-type": "application/grpc+proto",
        te: "trailers",
      },
      body: Buffer.concat([head, bytes]),
      long: method === "StreamOutput",
      affinity,
      limit,
    },
    reader,
  );
  return reader;
}

type CallOptions = Parameters<typeof call>[3];

function getProcess(world: World, options?: CallOptions): Reader {
  const request = create(GetProcessRequestSchema, { name: NAME });
  return call(world, "GetProcess", [GetProcessRequestSchema, request], options);
}

function streamOutput(world: World, options?: CallOptions): Reader {
  const request = create(StreamOutputRequestSchema, { name: NAME });
  return call(world, "StreamOutput", [StreamOutputRequestSchema, request], options);
}

/** Lets time pass while there is anything to wait for, and no longer than a minute. */
async function pass({ time }: World, until = () => false): Promise<void> {
  const over = time.now + 60_000;
  time.schedule(60_000, () => undefined);
  await time.settle();
  while (!until() && time.now < over && time.advance()) {
    await time.settle();
  }
}

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

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
