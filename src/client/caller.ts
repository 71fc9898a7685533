import { Code, ConnectError } from "@connectrpc/connect";
import { Limit } from "../async/limit.js";
import type { ClientHooks } from "../call/hooks.js";
import { retryPolicy } from "../call/patience.js";
import type { Caller } from "../call/run.js";
import { debug } from "../diagnostics/debug-log.js";
import type { ServerInfo } from "../diagnostics/messages.js";
import { checkClient, hasOwnTransport } from "../rules/client.js";
import { parseAiemUrl } from "../transport/aiem-url.js";
import { createClientWire } from "../transport/client-wire.js";
import type { TransportOptions } from "../transport/connection-config.js";
import { wireOf } from "../transport/foreign.js";
import type { Wire } from "../transport/wire.js";
import type { ClientConfig, ClientOptions, TransportConfig } from "./client-options.js";

const ATTEMPT_TIMEOUT_MS = 30_000;
const BULK_ATTEMPT_TIMEOUT_MS = 300_000;
const IDLE_TIMEOUT_MS = 60_000;

/** The config of a client on a wire that somebody else has made: the simulation's. */
export class OverWire {
  readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }
}

/** What a client stands on, and how to let go of it. */
export interface ClientCore {
  readonly caller: Caller;
  /** Ends all calls, and closes the connections that are the client's own. */
  close(): void;
}

/**
 * Prepares the way to the server; opens nothing yet.
 *
 * @throws InvalidInputError if the address or an option cannot be used.
 */
export function callerOf(config: ClientConfig | OverWire, options: ClientOptions): ClientCore {
  if (!(config instanceof OverWire)) {
    checkClient(config, options);
  }
  const { attemptTimeoutMs, idleTimeoutMs, retry, onRetry, onResume, onProtocol, ...rest } =
    options;
  const server = serverOf(config, options);
  const { wire, close } = wireFor(config, rest, (event) => {
    server.protocol = event.protocol;
    const { protocol, contract, reason } = event;
    debug(() => `protocol ${protocol}, numbers ${contract}: ${reason}`);
    onProtocol?.(event);
  });
  const life = new Limit();
  const caller = {
    wire,
    policy: retryPolicy(retry),
    hooks: { onRetry, onResume },
    attemptTimeoutMs: attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS,
    bulkAttemptTimeoutMs: attemptTimeoutMs ?? BULK_ATTEMPT_TIMEOUT_MS,
    idleTimeoutMs: idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    life,
    server,
  };
  return {
    caller,
    close() {
      life.end(() => new ConnectError("the client was closed", Code.Canceled));
      close();
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What is told of the server. */
function serverOf(
  config: ClientConfig | OverWire,
  { protocol = "auto" }: ClientOptions,
): Mutable<ServerInfo> {
  if (config instanceof OverWire || isTransportConfig(config)) {
    return { protocol: "transport", address: undefined, port: undefined };
  }
  const { host, port } = parseAiemUrl(config.aiemUrl);
  return { protocol, address: host, port };
}

function wireFor(
  config: ClientConfig | OverWire,
  options: TransportOptions,
  onProtocol: ClientHooks["onProtocol"],
): { wire: Wire; close(): void } {
  if (config instanceof OverWire) {
    return { wire: config.wire, close: () => undefined };
  }
  if (isTransportConfig(config)) {
    return { wire: wireOf(config.transport), close: () => undefined };
  }
  const wire = createClientWire(config, options, onProtocol);
  return { wire, close: () => wire.close() };
}

function isTransportConfig(config: ClientConfig): config is TransportConfig {
  return hasOwnTransport(config);
}
