import type { Interceptor } from "@connectrpc/connect";
import { parseAiemUrl, type ServerAddress } from "./aiem-url.js";
import { attempts } from "./attempt.js";
import type { ConnectionConfig, TransportOptions } from "./connection-config.js";
import type { ExplainContext } from "./errors/explain-failure.js";
import type { DialOptions } from "./socket/dial.js";
import { bearerToken } from "./token/bearer-token.js";
import { plaintextGuard } from "./token/plaintext-guard.js";
import { userAgent } from "./user-agent.js";

/** What the transports of a client have in common, with the defaults in place. */
export interface TransportSettings {
  readonly address: ServerAddress;
  readonly dial: DialOptions & { readonly connectTimeoutMs: number };
  readonly readMaxBytes: number;
  readonly streamWindowBytes: number;
  readonly maxConnections: number | undefined;
  /** What every call goes through, whichever protocol carries it; the first one is outermost. */
  interceptors(protocol: ExplainContext["protocol"]): Interceptor[];
}

const CONNECT_TIMEOUT_MS = 10_000;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const READ_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Puts the defaults in place.
 *
 * @throws TypeError for an address that `checkAiemUrl` refuses.
 */
export function transportSettings(
  config: ConnectionConfig,
  options: TransportOptions,
): TransportSettings {
  const address = parseAiemUrl(config.aiemUrl);
  return {
    address,
    dial: {
      address,
      verifySsl: options.verifySsl ?? true,
      sslCaCert: options.sslCaCert,
      sslClientCert: options.sslClientCert,
      sslClientKey: options.sslClientKey,
      connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    },
    readMaxBytes: options.readMaxBytes ?? READ_MAX_BYTES,
    streamWindowBytes: options.streamWindowBytes ?? STREAM_WINDOW_BYTES,
    maxConnections: options.maxConnections,
    interceptors: (protocol) => interceptors(config, options, { address, protocol }),
  };
}

// The user's come first, so that a header of theirs wins; the guard sees the token of whoever added
// it.
function interceptors(
  { tokenProvider }: ConnectionConfig,
  options: TransportOptions,
  context: ExplainContext,
): Interceptor[] {
  const guarded = options.allowPlaintextToken !== true;
  return [
    ...(options.interceptors ?? []),
    userAgent,
    ...(guarded ? [plaintextGuard(context.address, tokenProvider !== undefined)] : []),
    ...(tokenProvider !== undefined ? [bearerToken(tokenProvider)] : []),
    attempts(context),
  ];
}
