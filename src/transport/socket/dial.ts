import type { Socket } from "node:net";
import type { ServerAddress } from "../aiem-url.js";
import type { TransportOptions } from "../connection-config.js";
import { openSocket } from "./open-socket.js";
import { readTlsFiles } from "./tls-files.js";

/** How to reach a server, whatever is spoken to it then. */
export interface DialOptions
  extends Pick<TransportOptions, "sslCaCert" | "sslClientCert" | "sslClientKey"> {
  readonly address: ServerAddress;
  readonly verifySsl: boolean;
  /** Gets the socket as soon as it exists, long before it is connected. */
  readonly onSocket?: ((socket: Socket) => void) | undefined;
}

/** Opens a connection that can carry data, with certificates as they are on disk now. */
export async function dial(
  options: DialOptions & { readonly alpn: "h2" | "http/1.1" },
  signal: AbortSignal,
): Promise<Socket> {
  const { address, verifySsl, alpn, onSocket } = options;
  const secureContext = address.secure ? await readTlsFiles(options, signal) : undefined;
  return await openSocket(address, { secureContext, verifySsl, alpn, signal, onSocket });
}
