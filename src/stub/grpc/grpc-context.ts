import type { Http2ServerRequest } from "node:http2";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { callWireKey } from "../faults/call-wire.js";
import type { NodeCallWire } from "../faults/network/node-call-wire.js";

/**
 * What the service is told of a call besides its message. All of it is made when it is asked for: most
 * calls ask for one header, and an AbortSignal or a Headers object costs as much as their answer.
 */
export class GrpcContext implements HandlerContext {
  readonly method: DescMethod;
  readonly protocolName = "grpc";
  readonly requestMethod = "POST";
  readonly #request: Http2ServerRequest;
  readonly #wire: NodeCallWire;
  readonly #deadline: number | undefined;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;
  #abort: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #answered = false;
  #closed = false;

  constructor(
    method: DescMethod,
    request: Http2ServerRequest,
    wire: NodeCallWire,
    timeoutMs: number | undefined,
  ) {
    this.method = method;
    this.#request = request;
    this.#wire = wire;
    this.#deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
    request.stream.once("close", () => this.#close());
  }

  get service(): DescService {
    return this.method.parent;
  }

  get url(): string {
    const { scheme, authority, url } = this.#request;
    return `${scheme}://${authority}${url}`;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= readHeaders(this.#request);
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  /** The headers that the service has set; undefined where it has not asked for them. */
  get headersSet(): Headers | undefined {
    return this.#responseHeader;
  }

  /** The trailers that the service has set, likewise. */
  get trailersSet(): Headers | undefined {
    return this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= createContextValues().set(callWireKey, this.#wire);
    return this.#values;
  }

  /** Aborts at the deadline, and when the stream closes before all was answered. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#closed) {
        this.#close();
      } else if (!this.#answered) {
        this.#startTimer();
      }
    }
    return this.#abort.signal;
  }

  timeoutMs(): number | undefined {
    return this.#deadline === undefined ? undefined : this.#deadline - performance.now();
  }

  /** Call it with the answer: nothing that happens later is of interest. */
  answered(): void {
    this.#answered = true;
    clearTimeout(this.#timer);
  }

  #startTimer(): void {
    const ms = this.timeoutMs();
    if (ms === undefined) {
      return;
    }
    const expire = () =>
      this.#abort?.abort(new ConnectError("the call's deadline has passed", Code.DeadlineExceeded));
    if (ms <= 0) {
      expire();
    } else {
      this.#timer = setTimeout(expire, Math.ceil(ms));
    }
  }

  #close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (!this.#answered && this.#abort !== undefined && !this.#abort.signal.aborted) {
      this.#abort.abort(new ConnectError("the call has ended", Code.Canceled));
    }
  }
}

function readHeaders({ headers }: Http2ServerRequest): Headers {
  const read = new Headers();
  for (const name in headers) {
    const value = headers[name];
    // HTTP/2's own, such as `:path`, are none of a call's.
    if (value !== undefined && !name.startsWith(":")) {
      for (const each of Array.isArray(value) ? value : [value]) {
        read.append(name, each);
      }
    }
  }
  return read;
}
