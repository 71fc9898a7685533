import type { OutgoingHttpHeaders } from "node:http2";
import type { Failure } from "../../../src/errors/outcome.js";
import type {
  Http2,
  Http2Listener,
  Http2Request,
  Http2Stream,
} from "../../../src/transport/http2/http2.js";
import { isUnreachable } from "./break-shapes.js";
import type { Fate } from "./fates.js";
import { SIMULATED_SERVER } from "./http2-end.js";
import type { OpenCalls } from "./open-calls.js";
import { pieces } from "./responses.js";
import { VirtualConnection } from "./virtual-connection.js";
import { type StreamWorld, VirtualStream } from "./virtual-stream.js";

/** What the virtual HTTP/2 is made of. */
export interface VirtualHttp2Options extends StreamWorld {
  readonly calls: OpenCalls;
  /**
   * How many bytes a server sends ahead of what the client has taken.
   * @default drawn for each request
   */
  readonly windowBytes?: number;
  /**
   * How likely it is that a call that stalls is on a connection that does, with all that is on it.
   * @default 0
   */
  readonly stallingConnections?: number;
}

/** HTTP/2 over the network of a simulation, in virtual time. */
export class VirtualHttp2 implements Http2 {
  readonly #options: VirtualHttp2Options;
  readonly #streams = new Set<VirtualStream>();
  #connections: VirtualConnection[] = [];
  // A server that stops takes its connections with it, the idle ones too.
  #restarts = 0;
  #closed: Failure | undefined;

  constructor(options: VirtualHttp2Options) {
    this.#options = options;
  }

  request(request: Http2Request, listener: Http2Listener): Http2Stream {
    const { network, random, calls, windowBytes, stallingConnections = 0 } = this.#options;
    const exchange = network.open({
      url: `${SIMULATED_SERVER.origin}${request.headers[":path"]}`,
      method: "POST",
      header: asHeaders(request.headers),
      body: inPieces(pieces(random, request.body)),
    });
    const uncount = calls.open(exchange.call.method);
    const world = {
      ...this.#options,
      windowBytes: windowBytes ?? random.pick([0, 0, 100, 65_535]),
    };
    exchange.onStall = () => {
      if (random.chance(stallingConnections)) {
        stream.connection?.stall();
      }
    };
    const stream = new VirtualStream(exchange, listener, world, () => {
      this.#streams.delete(stream);
      uncount();
    });
    this.#streams.add(stream);
    if (this.#closed) {
      stream.refuse({ failure: this.#closed }, new Error(this.#closed.message));
      return stream;
    }
    this.#send(stream, request, exchange.call.fate);
    return stream;
  }

  close(failure: Failure): void {
    this.#closed = failure;
    for (const stream of [...this.#streams]) {
      stream.refuse({ failure }, new Error(failure.message));
    }
  }

  #send(stream: VirtualStream, { affinity, limit }: Http2Request, fate: Fate): void {
    const connection = this.#connectionFor(affinity, fate);
    if (connection) {
      stream.sent(connection);
      void stream.run();
      return;
    }
    stream.standInLine(limit);
    void stream.run(() => {
      const made = new VirtualConnection();
      this.#connections.push(made);
      stream.sent(made);
    });
  }

  #connectionFor(affinity: unknown, fate: Fate): VirtualConnection | undefined {
    const { network, random } = this.#options;
    if (this.#restarts !== network.restarts) {
      this.#restarts = network.restarts;
      this.#connections = [];
    }
    if (fate.kind === "refused" && isUnreachable(fate.shape)) {
      return undefined;
    }
    this.#connections = this.#connections.filter((one) => one.takes(true));
    const usual = this.#connections.find((one) => one.takes(false));
    const companion = this.#connections.find((one) => one === affinity);
    // Several are made where many calls come at once.
    return companion ?? (random.chance(0.9) ? usual : undefined);
  }
}

function asHeaders(headers: OutgoingHttpHeaders): Headers {
  const found = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(":") && value !== undefined) {
      for (const one of Array.isArray(value) ? value : [value]) {
        found.append(name, String(one));
      }
    }
  }
  return found;
}

async function* inPieces(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}
