import { request as requestHttp } from "node:http";
import { isIPv6, type Socket } from "node:net";
import { onAbort } from "../../async/abort-listeners.js";
import { fileLimitReason, nodeErrorCode } from "../../errors/node-error-code.js";
import { FailureThrown } from "../../errors/outcome.js";
import { endpointOf, type ServerAddress } from "../aiem-url.js";
import { cannotConnect, tlsReason } from "../failures.js";
import { openSocket } from "../socket/open-socket.js";
import type { EnvironmentProxy } from "./environment-proxy.js";

// The options of TLS are those of the server.
const CERTIFICATE_HINT =
  "; its certificate must be one that Node.js trusts: NODE_EXTRA_CA_CERTS names further authorities";

/** What a tunnel needs besides its ends. */
export interface TunnelOptions {
  /** Gets each socket to the proxy as soon as it exists. */
  readonly onSocket?: ((socket: Socket) => void) | undefined;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * Asks a proxy for a connection to the server, by the method CONNECT (RFC 9110, section 9.3.6), for
 * http addresses as well.
 *
 * @throws FailureThrown Unavailable that names the proxy, and never its password; the signal's
 *   reason.
 */
export async function openTunnel(
  { variable, url }: EnvironmentProxy,
  address: ServerAddress,
  options: TunnelOptions,
): Promise<Socket> {
  const failure = (lasting: boolean, text: string, cause?: unknown) =>
    new FailureThrown(cannotConnect({ lasting, text }, address, cause));
  if (url === undefined) {
    throw failure(true, `${variable} names no proxy: it must be an http or https URL`);
  }
  const proxy = `the proxy ${url.origin}, named by ${variable},`;
  let socket: Socket;
  let status: number;
  try {
    socket = await openSocket(endpointOf(url), { ...options, alpn: "http/1.1" });
    status = await askForTunnel(socket, url, address, options.signal);
  } catch (error) {
    options.signal.throwIfAborted();
    const code = nodeErrorCode(error);
    const { lasting = false, ofCertificate = false } = tlsReason(code, error) ?? {};
    const why = fileLimitReason(code) ?? code;
    const what = `cannot be used: ${why ?? (error instanceof Error ? error.message : error)}`;
    const hint = ofCertificate ? CERTIFICATE_HINT : "";
    throw failure(lasting, `${proxy} ${what}${hint}`, error);
  }
  if (status < 200 || status > 299) {
    socket.destroy();
    const mayPass = status >= 500 || status === 429;
    const hint = status === 407 ? `; it wants a user and a password, as part of ${variable}` : "";
    throw failure(!mayPass, `${proxy} refuses to connect to it (HTTP ${status})${hint}`);
  }
  return socket;
}

/**
 * Sends the request over a connection to the proxy.
 *
 * @returns the status of the answer, after which the socket carries the tunnel's bytes.
 */
function askForTunnel(
  socket: Socket,
  url: URL,
  { host, port }: ServerAddress,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      socket.destroy();
      reject(signal.reason);
      return;
    }
    const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    const request = requestHttp({
      method: "CONNECT",
      path: target,
      headers: { host: target, ...authorization(url) },
      createConnection: () => socket,
    });
    const fail = (error: unknown) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const settle = () => {
      stopListening();
      socket.off("close", close);
    };
    const close = () => fail(new Error("it closed the connection"));
    const stopListening = onAbort(signal, () => fail(signal.reason));
    socket.once("close", close);
    request.on("error", fail);
    request.once("connect", ({ statusCode = 0 }, _: unknown, head: Buffer) => {
      socket.unshift(head);
      // Node.js takes an interim answer (RFC 9110, section 15.2) for the final one.
      const final = statusCode < 200 ? readFinalStatus(socket) : Promise.resolve(statusCode);
      final.then((status) => {
        settle();
        resolve(status);
      }, fail);
    });
    request.end();
  });
}

const MOST_HEAD_BYTES = 64 * 1024;

/** Reads heads of answers until one is final. What follows it is left on the socket. */
function readFinalStatus(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = "";
    const read = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
        received += Buffer.from(chunk).toString("latin1");
      }
      for (let end = received.indexOf("\r\n\r\n"); end >= 0; end = received.indexOf("\r\n\r\n")) {
        const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(received)?.[1]);
        received = received.slice(end + 4);
        if (status >= 200) {
          socket.off("readable", read);
          socket.unshift(Buffer.from(received, "latin1"));
          resolve(status);
          return;
        }
        if (Number.isNaN(status)) {
          reject(new Error("its answer is no HTTP/1.1"));
          return;
        }
      }
      if (received.length > MOST_HEAD_BYTES) {
        reject(new Error("its answer has no end"));
      }
    };
    socket.on("readable", read);
    read();
  });
}

function authorization({ username, password }: URL): { "proxy-authorization"?: string } {
  if (username === "" && password === "") {
    return {};
  }
  const credentials = `${decoded(username)}:${decoded(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
}

// A URL keeps a percent sign that encodes nothing.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
