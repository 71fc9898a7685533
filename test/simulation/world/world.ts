import type { Interceptor } from "@connectrpc/connect";
import { createTransport as createConnectTransport } from "@connectrpc/connect/protocol-connect";
import { OverWire } from "../../../src/client/caller.js";
import type { TransportConfig } from "../../../src/index.js";
import { createProcessService } from "../../../src/stub/service/create-process-service.js";
import { grpcWire } from "../../../src/transport/grpc/grpc-wire.js";
import { PlaintextGuard } from "../../../src/transport/plaintext-guard.js";
import { prepareHeaders } from "../../../src/transport/token.js";
import { CallLog } from "../network/call-log.js";
import { connectHttpClient } from "../network/connect-http-client.js";
import { drawFate } from "../network/fault-mix.js";
import { SIMULATED_SERVER } from "../network/http2-end.js";
import { CALL_HEADER, Network } from "../network/network.js";
import { OpenCalls } from "../network/open-calls.js";
import { VirtualHttp2 } from "../network/virtual-http2.js";
import type { StreamWorld } from "../network/virtual-stream.js";
import type { Schedule } from "../schedule.js";
import { CREATOR, EngineHost } from "../server/engine-host.js";
import { faultyService } from "../server/faulty-service.js";
import { inMemoryServer } from "../server/in-memory-server.js";
import { OutputChanges } from "../server/output-changes.js";
import { Delivery } from "./delivery.js";
import { Pending } from "./pending.js";
import { Random } from "./random.js";
import type { VirtualTime } from "./virtual-time.js";

const TOKEN = "simulated";
const MAX_BYTES = 64 * 1024 * 1024;

/** Everything around the client in one schedule. */
export interface World {
  readonly time: VirtualTime;
  readonly log: CallLog;
  readonly network: Network;
  readonly calls: OpenCalls;
  readonly host: EngineHost;
  /** How a client reaches the server. */
  readonly config: TransportConfig | OverWire;
  readonly delivery: Delivery;
  readonly output: OutputChanges;
  /** Unary calls in the server. */
  readonly handlers: Pending;
  /** What waits for the machine's own file system. */
  readonly disk: Pending;
  /** When the client last had new bytes, in virtual milliseconds. */
  progressAt(): number | undefined;
  /** Whether a replay differed from what was sent before. */
  rewritten(): boolean;
}

/** Builds the world of a schedule. */
export function createWorld(schedule: Schedule, time: VirtualTime): World {
  const { seed, protocol, script, faults, operation } = schedule;
  const random = new Random(seed ^ 0x5eed);
  const log = new CallLog(time);
  const disk = new Pending();
  const handlers = new Pending();
  const host = new EngineHost(time, script);
  let progressAt: number | undefined;
  let rewritten = false;
  const fromStart = operation.kind !== "follow" || !operation.skipReplay;
  const delivery = new Delivery(fromStart, () => {
    progressAt = time.now;
  });
  const output = new OutputChanges({
    random: random.fork(),
    captured: (stream) => host.runner.written[stream],
    known: (stream) => delivery.bytes[stream],
    onRewritten: (stream) => {
      rewritten = true;
      log.note(`the past of stream ${stream} is rewritten`);
    },
  });
  const service = faultyService(createProcessService(host.engines, new Map([[TOKEN, CREATOR]])), {
    disk,
    handlers,
    output,
    fateOf: (header) => log.entries[Number(header.get(CALL_HEADER))]?.fate ?? { kind: "none" },
  });
  const fates = random.fork();
  let hits = 0;
  const calls = new OpenCalls();
  const network = new Network({
    time,
    random: random.fork(),
    log,
    serve: inMemoryServer(service),
    drawFate: (method) => {
      const fate = hits < faults.most ? drawFate(fates, faults, method) : { kind: "none" as const };
      hits += fate.kind === "none" ? 0 : 1;
      return fate;
    },
  });
  return {
    time,
    log,
    network,
    calls,
    host,
    config: configOver(protocol, { network, log, calls, time, random: random.fork() }),
    delivery,
    output,
    handlers,
    disk,
    progressAt: () => progressAt,
    rewritten: () => rewritten,
  };
}

/** The client speaks our own gRPC, or Connect's code speaks Connect, which is foreign to it. */
function configOver(
  protocol: Schedule["protocol"],
  parts: StreamWorld & { readonly calls: OpenCalls },
): World["config"] {
  if (protocol === "grpc") {
    return new OverWire(
      grpcWire({
        address: SIMULATED_SERVER,
        http2: new VirtualHttp2({ ...parts, stallingConnections: 0.5 }),
        readMaxBytes: MAX_BYTES,
        prepare: prepareHeaders({
          tokenProvider: TOKEN,
          guard: new PlaintextGuard(SIMULATED_SERVER, false),
        }),
      }),
    );
  }
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${TOKEN}`);
    return next(request);
  };
  return {
    transport: createConnectTransport({
      httpClient: connectHttpClient(parts.network, parts),
      baseUrl: SIMULATED_SERVER.baseUrl,
      useBinaryFormat: true,
      interceptors: [authorize],
      acceptCompression: [],
      sendCompression: null,
      compressMinBytes: Number.MAX_SAFE_INTEGER,
      readMaxBytes: MAX_BYTES,
      writeMaxBytes: MAX_BYTES,
    }),
  };
}
