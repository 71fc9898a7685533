import type { Transport } from "@connectrpc/connect";
import { createClientWire } from "../../src/transport/client-wire.js";
import type { ConnectionConfig, TransportOptions } from "../../src/transport/connection-config.js";
import type { ProtocolHook } from "../../src/transport/protocol-event.js";
import type { ClientWire } from "../../src/transport/wire.js";
import { type Sent, transportOfWire } from "./transport-of-wire.js";

/** The wire of a client with Connect's interface, for tests that call methods by a generated client. */
export interface TestTransport {
  readonly wire: ClientWire;
  readonly transport: Transport;
  /** The calls that were sent, in their order. */
  readonly sent: readonly Sent[];
  close(): void;
}

/** Makes what a client makes of its config. */
export function createTransport(
  config: ConnectionConfig,
  options: TransportOptions = {},
  onProtocol?: ProtocolHook,
): TestTransport {
  const wire = createClientWire({ contract: "built-in", ...config }, options, onProtocol);
  const sent: Sent[] = [];
  return { wire, sent, transport: transportOfWire(wire, sent), close: () => wire.close() };
}
