import type { IncomingHttpHeaders } from "node:http2";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { expect } from "vitest";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  GetProcessRequestSchema,
  type ProcessService,
  StreamOutputRequestSchema,
  StreamOutputResponseSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Limit } from "../../../src/async/limit.js";
import type { Http2End, Http2Listener, Http2Stream } from "../../../src/transport/http2/http2.js";
import type { Connection } from "../../../src/transport/wire.js";
import { scripted } from "../../support/scripted.js";
import { faultyService } from "../server/faulty-service.js";
import { inMemoryServer } from "../server/in-memory-server.js";
import { OutputChanges } from "../server/output-changes.js";
import { Pending } from "../world/pending.js";
import { Random } from "../world/random.js";
import { VirtualTime } from "../world/virtual-time.js";
import { CallLog } from "./call-log.js";
import type { Fate } from "./fates.js";
import { CALL_HEADER, Network } from "./network.js";
import { OpenCalls } from "./open-calls.js";
import { VirtualHttp2 } from "./virtual-http2.js";

export const CHUNKS = Array.from({ length: 12 }, (_, index) =>
  new Uint8Array(7 * index + 1).fill(index),
);
export const NAME = "workspaces/w/sandboxEngines/e/processes/p";

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
export function createWorld(options: WorldOptions = {}) {
  const { seed = 1, fates = [], windowBytes, stallingConnections, beforeChunk } = options;
  const time = new VirtualTime();
  const random = new Random(seed);
  const log = new CallLog(time);
  const calls = new OpenCalls();
  const signals: AbortSignal[] = [];
  const seen = { signals, chunks: 0 };
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
  const faulty = faultyService(scripted(service), {
    disk: new Pending(),
    handlers: new Pending(),
    output: new OutputChanges({
      random: new Random(seed),
      captured: () => 0,
      known: () => 0,
      onRewritten: () => undefined,
    }),
    fateOf: (header) => log.entries[Number(header.get(CALL_HEADER))]?.fate ?? { kind: "none" },
  });
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
export class Reader implements Http2Listener {
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

export function getProcess(world: World, options?: CallOptions): Reader {
  const request = create(GetProcessRequestSchema, { name: NAME });
  return call(world, "GetProcess", [GetProcessRequestSchema, request], options);
}

export function streamOutput(world: World, options?: CallOptions): Reader {
  const request = create(StreamOutputRequestSchema, { name: NAME });
  return call(world, "StreamOutput", [StreamOutputRequestSchema, request], options);
}

/** Lets time pass while there is anything to wait for, and no longer than a minute. */
export async function pass({ time }: World, until = () => false): Promise<void> {
  const over = time.now + 60_000;
  time.schedule(60_000, () => undefined);
  await time.settle();
  while (!until() && time.now < over && time.advance()) {
    await time.settle();
  }
}

/** Lets a stream stay silent for as long as it lasts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
