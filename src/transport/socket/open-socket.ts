import { isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type SecureContext } from "node:tls";
import { onAbort } from "../../async/abort-listeners.js";
import type { SocketAddress } from "../aiem-url.js";
import { openTcp, type TcpOptions } from "./open-tcp.js";

/** What a socket needs besides an address. */
export interface SocketOptions extends TcpOptions {
  /** Certificates, for a secure address. */
  readonly secureContext?: SecureContext | undefined;
  /**
   * Whether the certificate of a secure address is checked.
   * @default what Node.js does
   */
  readonly verifySsl?: boolean | undefined;
  /** The application protocol to ask for: HTTP/2 or HTTP/1.1. */
  readonly alpn: "h2" | "http/1.1";
  /** A connection to the server that is there already, over a proxy. */
  readonly tunnel?: Socket | undefined;
}

/**
 * Opens a socket to the server and waits until it can carry data: for TCP, and for TLS.
 *
 * @throws the error of Node.js as it is.
 */
export async function openSocket(address: SocketAddress, options: SocketOptions): Promise<Socket> {
  const { signal, tunnel } = options;
  if (signal.aborted) {
    tunnel?.destroy();
    throw signal.reason;
  }
  const { lookupHost, port, secure } = address;
  const tcp = tunnel ?? (await openTcp({ host: lookupHost, port }, options));
  return secure ? await openTls(tcp, address, options) : tcp;
}

function openTls(tcp: Socket, { host }: SocketAddress, options: SocketOptions): Promise<Socket> {
  const { signal, onSocket } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      tcp.destroy();
      reject(signal.reason);
      return;
    }
    const socket = connectTls({ host, socket: tcp, ...tlsOptions(host, options) });
    onSocket?.(socket);
    const settle = () => {
      stopListening();
      socket.off("error", fail);
      socket.off("close", close);
      socket.off("secureConnect", ready);
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
      tcp.destroy();
      reject(error);
    };
    const close = () => fail(new Error("the server closed the connection"));
    const stopListening = onAbort(signal, () => fail(signal.reason));
    socket.once("error", fail);
    socket.once("close", close);
    socket.once("secureConnect", ready);
  });
}

function tlsOptions(host: string, options: SocketOptions): ConnectionOptions {
  const { alpn, verifySsl, secureContext } = options;
  return {
    ALPNProtocols: [alpn],
    ...(verifySsl !== undefined && { rejectUnauthorized: verifySsl }),
    // RFC 6066 allows names only, no addresses.
    ...(isIP(host) === 0 && { servername: host }),
    ...(secureContext !== undefined && { secureContext }),
  };
}
