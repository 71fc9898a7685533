import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { retryPolicy } from "../retry/retry-options.js";
import { checkClient, hasOwnTransport } from "../rules/client.js";
import type { ProtocolHook } from "../transport/auto/protocol-event.js";
import type { TransportOptions } from "../transport/connection-config.js";
import { type ClientTransport, createTransport } from "../transport/create-transport.js";
import type { ClientConfig, ClientOptions, TransportConfig } from "./client-options.js";
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
  checkClient(config, options);
  const { attemptTimeoutMs, idleTimeoutMs, retry, onRetry, onResume, onProtocol, ...rest } =
    options;
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
  if (isTransportConfig(config)) {
    return { transport: config.transport, own: undefined };
  }
  const own = createTransport(config, options, onProtocol);
  return { transport: own.transport, own };
}

function isTransportConfig(config: ClientConfig): config is TransportConfig {
  return hasOwnTransport(config);
}
