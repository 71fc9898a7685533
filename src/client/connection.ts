import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { InvalidInputError } from "../errors/invalid-input-error.js";
import { shown } from "../errors/shown.js";
import { retryPolicy } from "../retry/retry-options.js";
import { checkAiemUrl } from "../transport/aiem-url.js";
import type { ProtocolHook } from "../transport/auto/protocol-event.js";
import { checkTransportOptions } from "../transport/check-transport-options.js";
import type { TransportOptions } from "../transport/connection-config.js";
import { type ClientTransport, createTransport } from "../transport/create-transport.js";
import type { ClientConfig, ClientOptions } from "./client-options.js";
import { requireClientTimings, requirePaths, requireRetryOptions } from "./input/client.js";
import { Rpc } from "./rpc.js";

const ATTEMPT_TIMEOUT_MS = 30_000;
const BULK_ATTEMPT_TIMEOUT_MS = 300_000;
const IDLE_TIMEOUT_MS = 60_000;

/** What a client holds: the service, and how to let go of it. */
export interface Connection {
  readonly rpc: Rpc;
  /** Ends all calls, and closes the connections that are the client's own. */
  close(): void;
}

/**
 * Prepares the way to the server; opens nothing yet.
 *
 * @throws InvalidInputError if the address or an option cannot be used.
 */
export function connect(config: ClientConfig, options: ClientOptions): Connection {
  const { attemptTimeoutMs, idleTimeoutMs, retry, onRetry, onResume, onProtocol, ...rest } =
    options;
  requireClientTimings(options);
  requireRetryOptions("retry", retry);
  const { transport, own } = transportOf(config, rest, onProtocol);
  const closed = new AbortController();
  const rpc = new Rpc(
    {
      transport,
      own,
      policy: retryPolicy(retry),
      hooks: { onRetry, onResume, onProtocol },
      attemptTimeoutMs: attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS,
      bulkAttemptTimeoutMs: attemptTimeoutMs ?? BULK_ATTEMPT_TIMEOUT_MS,
      idleTimeoutMs: idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    },
    closed.signal,
  );
  return {
    rpc,
    close: () => {
      closed.abort(new ConnectError("the client was closed", Code.Canceled));
      own?.close();
    },
  };
}

function transportOf(
  config: ClientConfig,
  options: TransportOptions,
  onProtocol: ProtocolHook | undefined,
): { transport: Transport; own: ClientTransport | undefined } {
  if ("transport" in config) {
    requireNoTransportOptions(options);
    return { transport: config.transport, own: undefined };
  }
  requireAiemUrl(config.aiemUrl);
  requireTransportOptions(options);
  const own = createTransport(config, options, onProtocol);
  return { transport: own.transport, own };
}

function requireAiemUrl(aiemUrl: string): void {
  const rule = typeof aiemUrl === "string" ? checkAiemUrl(aiemUrl) : "must be a string";
  if (rule !== undefined) {
    // Not shown: it may hold a password.
    throw new InvalidInputError("aiemUrl", rule);
  }
}

function requireTransportOptions(options: TransportOptions): void {
  const { sslCaCert, sslClientCert, sslClientKey } = options;
  requirePaths({ sslCaCert, sslClientCert, sslClientKey });
  const broken = checkTransportOptions(options);
  if (broken) {
    throw new InvalidInputError(broken.field, broken.rule, shown(broken.value));
  }
}

function requireNoTransportOptions(options: TransportOptions): void {
  for (const [field, value] of Object.entries(options)) {
    if (value !== undefined) {
      throw new InvalidInputError(field, "is a matter of the transport, which is your own here");
    }
  }
}
