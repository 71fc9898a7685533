import { createAutoTransport } from "./auto/auto-transport.js";
import type { ProtocolHook } from "./auto/protocol-event.js";
import type { ClientTransport } from "./client-transport.js";
import type { ConnectionConfig, TransportOptions } from "./connection-config.js";
import { environmentProxy } from "./proxy/environment-proxy.js";
import { restTransport } from "./rest/rest-transport.js";
import { connectHttp1Transport, connectTransport, grpcTransport } from "./rpc-transports.js";
import { transportSettings } from "./transport-settings.js";

export type { ClientTransport } from "./client-transport.js";

/**
 * Makes the transport of a client. Nothing is read or connected before the first call.
 *
 * @param onProtocol is told what `protocol: "auto"` has settled on.
 * @throws TypeError for an address that `checkAiemUrl` refuses.
 */
export function createTransport(
  config: ConnectionConfig,
  options: TransportOptions = {},
  onProtocol?: ProtocolHook,
): ClientTransport {
  const { protocol = "auto", httpVersion } = options;
  const settings = transportSettings(config, options);
  const proxy = environmentProxy(settings.address);
  switch (protocol) {
    case "grpc":
      return grpcTransport(settings);
    case "connect":
      return httpVersion === "1.1" ? connectHttp1Transport(settings) : connectTransport(settings);
    case "rest":
      return restTransport(settings, proxy);
    case "auto":
      return createAutoTransport({
        grpc: grpcTransport(settings),
        rest: restTransport(settings, proxy),
        proxy,
        onProtocol,
      });
  }
}
