import type {
  DescMessage,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Limit } from "../async/limit.js";
import type { HttpExchange } from "../diagnostics/messages.js";
import type { Failure, Outcome } from "../errors/outcome.js";

/** A connection that carries calls, to those who have a doubt about it. */
export interface Connection {
  /** Whether no further call can be put on it. */
  readonly isGone: boolean;
  /** Puts no other call on the connection but those that ask about it; those under way go on. */
  avoid(): void;
  /** Ends every call on it as lost, since it `how`; no other call is put on it. */
  destroy(how: string): void;
}

/** What an attempt wants. */
export interface Hints {
  /** Whether it stays open until a process does something: a follower or a wait. */
  readonly long?: boolean | undefined;
  /** Goes over this connection if that still takes calls. */
  readonly affinity?: Connection | undefined;
  /** A token that the server has refused: another one is needed. */
  readonly rejectedToken?: string | undefined;
  /** The deadline told to the server, in milliseconds; this side's may be later. */
  readonly serverTimeoutMs?: number | undefined;
  /** The headers of the caller. */
  readonly headers?: HeadersInit | undefined;
}

/** What became of an attempt, as far as it is known. Written anew at each sending. */
export interface Evidence {
  /** What the request was handed to; undefined while it is not sent. */
  connection: Connection | undefined;
  /** Whether any part of an answer arrived. */
  answered: boolean;
  /** The token that a provider gave for it. Never to be shown. */
  token: string | undefined;
  /**
   * Whether a create was sent by numbers that nobody vouches for. It goes without its `auto_run` then:
   * the process is still to be started.
   */
  guardedCreate?: boolean | undefined;
  /** The request over REST, where there was one. */
  http?: HttpExchange | undefined;
  /** What went with it as `authorization`, whoever gave it. Never to be shown. */
  credentials: string | undefined;
}

/** The headers and trailers of an answer, for interceptors; empty until they are there. */
export interface ResponseHeaders {
  readonly header: Headers;
  readonly trailer: Headers;
}

/** One sending of a request. */
export interface Attempt {
  readonly hints: Hints;
  /** Ends the attempt, at once. What it fails with then is of no importance. */
  readonly limit: Limit;
  readonly evidence: Evidence;
  /** Is filled where somebody wants to see it. */
  readonly response?: ResponseHeaders | undefined;
}

/** What an attempt fails with whose limit has ended, or that was closed: the limit tells why. */
export const LEFT: Failure = { kind: "local", code: Code.Canceled, message: "the call has ended" };

/** The reason of a limit that ends since its stream was closed. */
export function streamClosed(): unknown {
  return new ConnectError("the stream is not needed any more", Code.Canceled);
}

/** An attempt of which nothing is known yet. */
export function newAttempt(
  hints: Hints,
  limit: Limit,
  response?: ResponseHeaders | undefined,
): Attempt {
  const evidence = {
    connection: undefined,
    answered: false,
    token: undefined,
    credentials: undefined,
  };
  return { hints, limit, evidence, response };
}

/** Frames of output that one read brought, in their order. */
export interface Batch {
  /** The number of frames. None is empty. */
  readonly count: number;
  /** The number of bytes in all frames. */
  readonly bytes: number;
  /** Whether a frame is of standard error; anything else is standard output. */
  stderr(index: number): boolean;
  /** The bytes of a frame: a view, made when it is asked for. */
  data(index: number): Uint8Array<ArrayBuffer>;
  /** The bytes of all frames of a stream, joined; empty where there are none. */
  join(stderr: boolean): Uint8Array<ArrayBuffer>;
}

/** The answer to StreamOutput. It is opened at once. */
export interface OutputSource {
  /** What has arrived and was not taken yet; nothing more is read until it is. */
  take(): Batch | undefined;
  /** Waits until there is a batch, or the stream has ended. One at a time; never rejects. */
  wait(): Promise<Outcome<"batch" | "end">>;
  /** Lets go of the stream at once, and settles a wait that is pending. */
  close(): void;
}

/** The request of StreamOutput. */
export interface OutputRequest {
  readonly name: string;
  readonly skipReplay: boolean;
}

/** Sends requests, one attempt each, over some protocol. Never throws, and never rejects. */
export interface Wire {
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    attempt: Attempt,
  ): Promise<Outcome<MessageShape<O>>>;
  output(request: OutputRequest, attempt: Attempt): OutputSource;
  /** An answer cannot be true: what is known of the server's contract may be out of date. */
  doubt?(): void;
}

/** A wire with connections of its own. */
export interface ClientWire extends Wire {
  /** Closes every connection. Calls under way and later ones end as 'the client was closed'. */
  close(): void;
}
