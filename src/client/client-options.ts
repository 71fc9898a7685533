import type { Transport } from "@connectrpc/connect";
import type { ClientHooks } from "../call/hooks.js";
import type { RetryOptions } from "../call/patience.js";
import type { ConnectionConfig, TransportOptions } from "../transport/connection-config.js";

/** A transport of the user's own, such as one of `@connectrpc/connect-web`, or of a test. */
export interface TransportConfig {
  /** Carries every call. Addresses, TLS and tokens are its own matter. */
  readonly transport: Transport;
  /** Not together with `transport`. */
  readonly aiemUrl?: undefined;
  /** Not together with `transport`. */
  readonly tokenProvider?: undefined;
  /** Not together with `transport`. */
  readonly contract?: undefined;
}

/** How to reach the server: an address and a token, or a Connect `Transport`. */
export type ClientConfig =
  | (ConnectionConfig & {
      /** Not together with `aiemUrl`. */
      readonly transport?: undefined;
    })
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
