import { type ClientTransport, clientTransport } from "../client-transport.js";
import { clientClosed } from "../errors/connection-lost.js";
import { createHttp1Connections } from "../http1/http1-connections.js";
import type { EnvironmentProxy } from "../proxy/environment-proxy.js";
import type { TransportSettings } from "../transport-settings.js";
import { AnswerReader } from "./answer-reader.js";
import { HttpExchange } from "./http-exchange.js";
import { createTranscodingTransport } from "./transcoding-transport.js";

/**
 * REST: JSON over HTTP/1.1. Every open call holds a connection of its own, however many there are.
 *
 * @param proxy the proxy to go through; undefined for none.
 */
export function restTransport(
  settings: TransportSettings,
  proxy: EnvironmentProxy | undefined,
): ClientTransport {
  const { address, readMaxBytes } = settings;
  const connections = createHttp1Connections({ ...settings.dial, proxy });
  const transport = createTranscodingTransport({
    address,
    interceptors: settings.interceptors("rest"),
    exchange: new HttpExchange(address, connections.agent),
    reader: new AnswerReader(address, readMaxBytes),
  });
  return clientTransport(address.origin, transport, () => connections.close(clientClosed()));
}
