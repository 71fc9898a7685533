import type { Transport } from "@connectrpc/connect";
import type { RetryOptions } from "../retry/retry-options.js";
import type { ProtocolEvent } from "../transport/auto/protocol-event.js";
import type { ConnectionConfig, TransportOptions } from "../transport/connection-config.js";

/** A transport of the user's own, such as one of `@connectrpc/connect-web`, or of a test. */
export interface TransportConfig {
  /** Carries every call. Addresses, TLS and tokens are its own matter. */
  readonly transport: Transport;
  /** Not together with `transport`. */
  readonly aiemUrl?: undefined;
  /** Not together with `transport`. */
  readonly tokenProvider?: undefined;
}

/** How to reach the server: an address and a token, or a Connect `Transport`. */
export type ClientConfig =
  | (ConnectionConfig & { readonly transport?: undefined })
  | TransportConfig;

/** The clocks of a client. None of them ends a process. */
export interface ClientTimings {
  /**
   * How long one attempt of a unary call may take, in milliseconds; at most 99_999_999, about 27
   * hours, which is what gRPC can carry.
   * @default 30_000; 300_000 for readOutput and readOutputFrames, whose answers may be large
   */
  readonly attemptTimeoutMs?: number | undefined;
  /**
   * How long a stream of output may be silent, in milliseconds, before the server is asked whether
   * it is still there. A process that writes nothing is no reason to end the stream.
   * @default 60_000
   */
  readonly idleTimeoutMs?: number | undefined;
}

/** A failed attempt that will be followed by another one. */
export interface RetryEvent {
  /** The RPC, such as `GetProcess`. */
  readonly method: string;
  /** The resource name that it is about. */
  readonly resource: string;
  /** How many attempts in a row have failed. */
  readonly failures: number;
  /** The pause before the next attempt, in milliseconds. */
  readonly delayMs: number;
  /** What the attempt failed with. */
  readonly error: unknown;
}

/** A stream of output that goes on after a break. */
export interface ResumeEvent {
  /** The resource name of the process. */
  readonly resource: string;
  /** How many bytes the server sent again, which were checked and dropped. */
  readonly replayedBytes: number;
  /** What broke the stream. */
  readonly error: unknown;
}

/** Functions that are told what a client does by itself. An error of theirs fails the call. */
export interface ClientHooks {
  /** Called before the pause before another attempt. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
  /** Called when a broken stream of output has reached the point where it broke. */
  readonly onResume?: ((event: ResumeEvent) => void) | undefined;
  /** Called once, when `protocol: "auto"` has settled which protocol is spoken. */
  readonly onProtocol?: ((event: ProtocolEvent) => void) | undefined;
}

/**
 * Options of a client. With a `Transport` of the user's own, those of `TransportOptions` are
 * refused.
 */
export interface ClientOptions extends TransportOptions, ClientTimings, ClientHooks {
  /**
   * How failures that may pass are met; false shows each of them to the caller.
   * @default 4 attempts; 2 minutes without progress for following and waiting
   */
  readonly retry?: RetryOptions | false | undefined;
}
