import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type SecureContext } from "node:tls";
import { onAbort } from "../../async/abort-listeners.js";
import type { ServerAddress } from "../aiem-url.js";

/** What a socket needs besides an address. */
export interface SocketOptions {
  /** Certificates, for a secure address. */
  readonly secureContext?: SecureContext | undefined;
  readonly verifySsl: boolean;
  /** The application protocol to ask for: HTTP/2 or HTTP/1.1. */
  readonly alpn: "h2" | "http/1.1";
  /** A connection to the server that is there already, over a proxy. */
  readonly tunnel?: Socket | undefined;
  /** Gets the socket at once. */
  readonly onSocket?: ((socket: Socket) => void) | undefined;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

// Lets the operating system notice a peer that is gone while nothing is sent.
const KEEP_ALIVE_DELAY_MS = 30_000;

/**
 * Opens a socket to the server and waits until it can carry data: for TCP, and for TLS.
 *
 * @throws the error of Node.js as it is.
 */
export function openSocket(address: ServerAddress, options: SocketOptions): Promise<Socket> {
  const { signal, tunnel } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      tunnel?.destroy();
      reject(signal.reason);
      return;
    }
    if (tunnel && !address.secure) {
      resolve(tunnel);
      return;
    }
    const { host, port, secure } = address;
    const tcp = {
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    };
    const socket = secure
      ? connectTls({ ...(tunnel ? { host, socket: tunnel } : tcp), ...tlsOptions(host, options) })
      : connectTcp(tcp);
    options.onSocket?.(socket);
    const settle = () => {
      stopListening();
      socket.off("error", fail);
      socket.off("close", close);
      socket.off(secure ? "secureConnect" : "connect", ready);
      // Someone must listen for errors until the socket's next owner does.
      socket.on("error", () => undefined);
    };
    const ready = () => {
      settle();
      resolve(socket);
    };
    const fail = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const close = () => fail(new Error("the server closed the connection"));
    const stopListening = onAbort(signal, () => fail(signal.reason));
    socket.once("error", fail);
    socket.once("close", close);
    socket.once(secure ? "secureConnect" : "connect", ready);
  });
}

function tlsOptions(host: string, options: SocketOptions): ConnectionOptions {
  return {
    ALPNProtocols: [options.alpn],
    rejectUnauthorized: options.verifySsl,
    // RFC 6066 allows names only, no addresses.
    ...(isIP(host) === 0 && { servername: host }),
    ...(options.secureContext !== undefined && { secureContext: options.secureContext }),
  };
}
