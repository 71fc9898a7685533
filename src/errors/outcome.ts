import { type Code, ConnectError } from "@connectrpc/connect";
import { withFrames } from "../async/with-frames.js";
import { ContractMismatchError } from "./contract-mismatch-error.js";

/**
 * What happened to an attempt that brought no value.
 *
 * - `local`: this side did not send it: a token, a file, an interceptor, an option.
 * - `refused`: it is certain that no application saw the request.
 * - `lost`: the connection or the stream broke, or the answer has no proper end; whether the request
 *   had an effect cannot be known.
 * - `unavailable`: the server, or a proxy before it, says UNAVAILABLE; an effect cannot be excluded.
 * - `deadline`: the time of the attempt was over; an effect cannot be excluded.
 * - `unreadable`: an answer came to its proper end and cannot be read; an effect is likely.
 * - `status`: the server's own word, or an edge's, that another attempt would not change.
 */
export type FailureKind =
  | "local"
  | "refused"
  | "lost"
  | "unavailable"
  | "deadline"
  | "unreadable"
  | "status";

/**
 * Why an attempt failed, settled once, where the transport ends the attempt. Nothing that gets one
 * looks at its text.
 */
export interface Failure {
  readonly kind: FailureKind;
  readonly code: Code;
  /** The server's words or ours; without the name of the call, which `errorOf` adds. */
  readonly message: string;
  /** The headers and trailers of the server's answer. */
  readonly metadata?: Headers | undefined;
  readonly details?: ConnectError["details"] | undefined;
  /** Finds details that came as JSON, which cannot be read without a schema. */
  readonly findDetails?: ConnectError["findDetails"] | undefined;
  /** A foreign error that is to be shown as it is: an interceptor's, a token provider's. */
  readonly thrown?: unknown;
  readonly cause?: unknown;
  /** Whether what was answered cannot be true, or the server's contract cannot carry the call. */
  readonly mismatch?: boolean | undefined;
  /** Whether the message that came is none that protobuf can read by the numbers that were used. */
  readonly malformed?: boolean | undefined;
  /** What the server says about another attempt. */
  readonly delay?: Delay | undefined;
  /** What it tells about the protocol of the attempt; undefined where that is nothing. */
  readonly protocol?: ProtocolSign | undefined;
}

/**
 * What a failure tells about the protocol that was spoken. After all but `spoken` it is certain that
 * no application saw the request.
 *
 * - `spoken`: a server of the protocol has given its word.
 * - `excluded`: the server does not offer it (ALPN).
 * - `foreign`: what answered is nothing that the protocol has; a server of another one, or an edge in
 *   a bad moment.
 * - `unvouched`: the server speaks it, and does not tell by which numbers.
 * - `silent`: nothing answered, and nothing was agreed on; the server, or what is before it, may only
 *   be slow.
 */
export type ProtocolSign = "spoken" | "excluded" | "foreign" | "unvouched" | "silent";

/** After how many milliseconds another attempt may come, or that none may. */
export type Delay = { readonly ms: number } | "never";

/** What an attempt came to. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/** A failure as an outcome. */
export function failed(failure: Failure): Outcome<never> {
  return { ok: false, failure };
}

/** Carries a failure through code that throws, such as the making of a connection. */
export class FailureThrown extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message, { cause: failure.cause });
    this.failure = failure;
  }
}

/**
 * The error to show for a failure. One on the way to the server, of time, or of an answer that cannot
 * be read, names the call; what the server says about the resource stays as it is.
 *
 * To be called after an `await` only: V8 then adds the frames of the caller's program.
 */
export function errorOf(failure: Failure, method: string, resource: string): unknown {
  if (failure.thrown !== undefined) {
    return failure.thrown;
  }
  const { code, metadata, details, findDetails, cause } = failure;
  const message = messageOf(failure, method, resource);
  if (failure.mismatch) {
    return withFrames(() => new ContractMismatchError(message, { method, resource, cause }));
  }
  const error = withFrames(() => new ConnectError(message, code, metadata, undefined, cause));
  if (details) {
    error.details = details;
  }
  if (findDetails) {
    // Not enumerable, like the method that it takes the place of.
    Object.defineProperty(error, "findDetails", { value: findDetails });
  }
  return error;
}

/** The message of the error of a failure, without its code. */
export function messageOf(failure: Failure, method: string, resource: string): string {
  const { kind, message, mismatch } = failure;
  if (mismatch) {
    return named(message, method, resource);
  }
  switch (kind) {
    case "refused":
    case "lost":
    case "unavailable":
    case "unreadable":
      return named(message, method, resource);
    case "local":
    case "deadline":
    case "status":
      return message;
  }
}

function named(message: string, method: string, resource: string): string {
  return message.includes(resource) ? message : `${method} of ${resource}: ${message}`;
}
