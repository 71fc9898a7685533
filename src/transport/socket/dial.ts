import type { Socket } from "node:net";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import { FailureThrown } from "../../errors/outcome.js";
import type { ServerAddress } from "../aiem-url.js";
import type { TransportOptions } from "../connection-config.js";
import { cannotConnect, noCommonProtocol } from "../failures.js";
import type { PlaintextGuard } from "../plaintext-guard.js";
import type { EnvironmentProxy } from "../proxy/environment-proxy.js";
import { openTunnel } from "../proxy/open-tunnel.js";
import { openSocket } from "./open-socket.js";
import { readTlsFiles } from "./tls-files.js";

/** How to reach a server, whatever is spoken to it then. */
export interface DialOptions
  extends Pick<TransportOptions, "sslCaCert" | "sslClientCert" | "sslClientKey"> {
  readonly address: ServerAddress;
  readonly verifySsl: boolean;
  /** Keeps tokens from going over the connection unencrypted to another machine. */
  readonly guard?: PlaintextGuard | undefined;
  /** The proxy to go through. */
  readonly proxy?: EnvironmentProxy | undefined;
  /** Gets each socket as soon as it exists, long before it is connected. */
  readonly onSocket?: ((socket: Socket) => void) | undefined;
}

/**
 * Opens a connection that can carry data, with certificates as they are on disk now.
 *
 * @throws FailureThrown where more is known than Node.js tells; else the error of Node.js as it is,
 *   which `connectFailure` explains; the signal's reason.
 */
export async function dial(
  options: DialOptions & { readonly alpn: "h2" | "http/1.1" },
  signal: AbortSignal,
): Promise<Socket> {
  const { address, verifySsl, alpn, proxy, guard, onSocket } = options;
  const secureContext = address.secure ? await readTlsFiles(options, signal) : undefined;
  const tunnel = proxy && (await openTunnel(proxy, address, { onSocket, signal }));
  const socketOptions = { tunnel, secureContext, verifySsl, alpn, signal, onSocket };
  let socket: Socket | undefined;
  try {
    socket = await openSocket(address, socketOptions);
    guard?.connected(socket.remoteAddress);
    return socket;
  } catch (error) {
    socket?.destroy();
    throw nodeErrorCode(error) === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
      ? new FailureThrown(cannotConnect(noCommonProtocol(alpn), address, error))
      : error;
  }
}
