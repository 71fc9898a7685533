import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from "node:http2";
import {
  create,
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createServiceImplSpec,
  type MethodImplSpec,
  type ServiceImpl,
} from "@connectrpc/connect";
import { ByteBlock } from "../../model/bytes.js";
import { shownError } from "../engine/refusals.js";
import type { Links } from "../faults/network/links.js";
import { NodeCallWire } from "../faults/network/node-call-wire.js";
import { abandon, letGoOfUnread, type NodeHandler, requestPath } from "../server/node-handler.js";
import {
  type IsKnownCaller,
  MAX_UNKNOWN_BODY_BYTES,
  unknownCaller,
} from "../service/known-caller.js";
import { GrpcContext } from "./grpc-context.js";
import { statusTrailers } from "./grpc-status.js";
import { MAX_TIMER_MS, readGrpcTimeout } from "./grpc-timeout.js";

/** What limits the messages of a service. */
export interface MessageLimits {
  /** The largest message that is read, in bytes. */
  readonly readMaxBytes: number;
  /** The largest message that is sent, in bytes. */
  readonly writeMaxBytes: number;
}

type ServedMethod = Extract<MethodImplSpec, { kind: "unary" | "server_streaming" }>;

/**
 * Serves the unary and server-streaming methods of a service over gRPC, straight on HTTP/2 streams.
 * Connect's own handlers take 0.5 ms of CPU more for each call (measured), and a short process takes
 * three calls. What is unusual is left to them: streams from the client, compression, JSON, a
 * malformed deadline, a page of a browser, HTTP/1.1.
 */
export function createGrpcHandler<S extends DescService>(
  service: S,
  implementation: Partial<ServiceImpl<S>>,
  limits: MessageLimits,
  links: Links,
  isKnown: IsKnownCaller,
): NodeHandler {
  const methods = new Map<string, ServedMethod>();
  for (const spec of Object.values(createServiceImplSpec(service, implementation).methods)) {
    if (spec.kind === "unary" || spec.kind === "server_streaming") {
      methods.set(`/${service.typeName}/${spec.method.name}`, spec);
    }
  }
  return (request, response) => {
    if (!("stream" in request) || !("stream" in response)) {
      return false;
    }
    const spec = methods.get(requestPath(request));
    const timeout = readTimeout(request.headers["grpc-timeout"]);
    if (spec === undefined || timeout === "malformed" || !isPlainGrpc(request)) {
      return false;
    }
    const wire = new NodeCallWire(request, response, links);
    const context = new GrpcContext(spec.method, request, wire, timeout);
    const stream = new GrpcStream(
      response,
      context,
      wire,
      limits,
      isKnown(request.headers.authorization),
    );
    serve(spec, stream, context).catch(() => wire.isTaken || abandon(request, response));
    return true;
  };
}

function isPlainGrpc({ method, headers }: Http2ServerRequest): boolean {
  const encoding = headers["grpc-encoding"];
  return (
    method === "POST" &&
    // A page of a browser, whose headers are set on Node's response.
    headers["origin"] === undefined &&
    /^application\/grpc(?:\+proto)?$/i.test(headers["content-type"] ?? "") &&
    (encoding === undefined || encoding === "identity")
  );
}

/** How long a call may take, in milliseconds; undefined is for ever, or longer than a timer can run. */
function readTimeout(header: string | string[] | undefined): number | "malformed" | undefined {
  if (header === undefined) {
    return undefined;
  }
  const ms = readGrpcTimeout(String(header)) ?? "malformed";
  return ms !== "malformed" && ms > MAX_TIMER_MS ? undefined : ms;
}

async function serve(spec: ServedMethod, stream: GrpcStream, context: GrpcContext): Promise<void> {
  let error: ConnectError | undefined;
  let last: Buffer | undefined;
  try {
    const message = await stream.readMessage(spec.method.input);
    if (spec.kind === "unary") {
      last = stream.encode(spec.method.output, await spec.impl(message, context));
    } else {
      for await (const item of spec.impl(message, context)) {
        await stream.write(stream.encode(spec.method.output, item));
      }
    }
  } catch (reason) {
    error = shownError(reason);
  }
  await stream.end(last, error);
}

type Http2Answer = Pick<Http2ServerResponse, "stream" | "addTrailers">;

// One byte that tells whether the message is compressed, four of its length.
const PREFIX_BYTES = 5;

/** The messages of a call, on its HTTP/2 stream (PROTOCOL-HTTP2.md). */
class GrpcStream {
  readonly #stream: ServerHttp2Stream;
  readonly #response: Http2Answer;
  readonly #context: GrpcContext;
  readonly #wire: NodeCallWire;
  readonly #limits: MessageLimits;
  readonly #isKnown: boolean;

  constructor(
    response: Http2Answer,
    context: GrpcContext,
    wire: NodeCallWire,
    limits: MessageLimits,
    isKnown: boolean,
  ) {
    this.#isKnown = isKnown;
    this.#response = response;
    this.#stream = response.stream;
    this.#context = context;
    this.#wire = wire;
    this.#limits = limits;
  }

  /**
   * The one message of the request, when that has ended.
   * @throws ConnectError where it is none.
   */
  async readMessage<T extends DescMessage>(type: T): Promise<MessageShape<T>> {
    const { readMaxBytes } = this.#limits;
    const bytes = this.#isKnown
      ? await readRequest(this.#stream, readMaxBytes, (size) => tooLarge(size, readMaxBytes))
      : await readRequest(this.#stream, MAX_UNKNOWN_BODY_BYTES, unknownCaller);
    try {
      return fromBinary(type, bytes);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "unknown reason";
      throw invalidRequest(`the message is no ${type.typeName}: ${why}`, Code.InvalidArgument);
    }
  }

  /** @throws ConnectError where the message is too large to be sent. */
  encode<T extends DescMessage>(type: T, value: MessageInitShape<T>): Buffer {
    const bytes = toBinary(type, create(type, value));
    const { writeMaxBytes } = this.#limits;
    if (bytes.length > writeMaxBytes) {
      throw tooLarge(bytes.length, writeMaxBytes);
    }
    const frame = Buffer.allocUnsafe(PREFIX_BYTES + bytes.length);
    frame[0] = 0;
    frame.writeUInt32BE(bytes.length, 1);
    frame.set(bytes, PREFIX_BYTES);
    return frame;
  }

  /**
   * Sends a message; resolves when there is room for the next one.
   * @throws where nobody can be sent it any more.
   */
  async write(frame: Buffer): Promise<void> {
    if (this.#wire.audible !== undefined) {
      await this.#wire.audible;
    }
    const stream = this.#stream;
    if (this.#wire.isTaken || stream.destroyed || stream.closed) {
      throw new ConnectError("the call has ended", Code.Canceled);
    }
    this.#respond();
    if (!stream.write(frame)) {
      await roomIn(stream);
    }
  }

  /** Sends the last message, if any, and the status. */
  async end(last: Buffer | undefined, error: ConnectError | undefined): Promise<void> {
    if (this.#wire.audible !== undefined) {
      await this.#wire.audible;
    }
    const stream = this.#stream;
    if (this.#wire.isTaken || stream.destroyed || stream.closed) {
      return;
    }
    this.#context.answered();
    const trailers = this.#wire.omitsTrailers
      ? {}
      : statusTrailers(this.#context.trailersSet, error);
    this.#respond();
    this.#response.addTrailers(trailers);
    if (!stream.readableEnded) {
      letGoOfUnread(stream);
    }
    stream.end(last);
  }

  /** Sends the headers: not before there is something to follow them, so that the service can set some. */
  #respond(): void {
    if (this.#stream.headersSent) {
      return;
    }
    const headers = { ":status": 200, "content-type": "application/grpc+proto" };
    const set = this.#context.headersSet;
    this.#stream.respond(set === undefined ? headers : { ...headers, ...Object.fromEntries(set) }, {
      waitForTrailers: true,
    });
  }
}

function readRequest(
  stream: ServerHttp2Stream,
  maxBytes: number,
  refusal: (size: number) => ConnectError,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const received = new ByteBlock();
    stream.on("data", onData);
    stream.on("end", onEnd);
    stream.on("close", onClose);

    function onData(chunk: Buffer): void {
      received.append(chunk);
      if (received.length < PREFIX_BYTES) {
        return;
      }
      const size = received.bytes.readUInt32BE(1);
      if (size > maxBytes) {
        fail(refusal(size));
      } else if (received.length > PREFIX_BYTES + size) {
        fail(invalidRequest("the request has more than one message", Code.Unimplemented));
      }
    }

    function onEnd(): void {
      const { bytes, length } = received;
      if (length === 0) {
        fail(invalidRequest("the request has no message", Code.Unimplemented));
      } else if (length < PREFIX_BYTES || length < PREFIX_BYTES + bytes.readUInt32BE(1)) {
        fail(invalidRequest("the message is incomplete", Code.InvalidArgument));
      } else if (bytes[0] !== 0) {
        fail(invalidRequest("the message is compressed in no known way", Code.Internal));
      } else {
        release();
        resolve(bytes.subarray(PREFIX_BYTES));
      }
    }

    function onClose(): void {
      fail(new ConnectError("the call has ended", Code.Canceled));
    }

    function fail(error: ConnectError): void {
      stream.pause();
      release();
      reject(error);
    }

    function release(): void {
      stream.off("data", onData);
      stream.off("end", onEnd);
      stream.off("close", onClose);
    }
  });
}

function roomIn(stream: ServerHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}

function invalidRequest(message: string, code: Code): ConnectError {
  return new ConnectError(`protocol error: ${message}`, code);
}

function tooLarge(bytes: number, most: number): ConnectError {
  return new ConnectError(
    `a message of ${bytes} bytes is larger than the ${most} allowed`,
    Code.ResourceExhausted,
  );
}
