import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, isIPv6, type Socket } from "node:net";
import { onAbort } from "../../async/abort-listeners.js";
import { fileLimitReason, nodeErrorCode } from "../../errors/node-error-code.js";
import { FailureThrown } from "../../errors/outcome.js";
import type { ServerAddress } from "../aiem-url.js";
import { cannotConnect, tlsReason } from "../failures.js";
import type { EnvironmentProxy } from "./environment-proxy.js";

// The options of TLS are those of the server.
const CERTIFICATE_HINT =
  "; its certificate must be one that Node.js trusts: NODE_EXTRA_CA_CERTS names further authorities";

/** What a tunnel needs besides its ends. */
export interface TunnelOptions {
  /** Gets the socket to the proxy as soon as it exists. */
  readonly onSocket?: ((socket: Socket) => void) | undefined;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * Asks a proxy for a connection to the server, by the method CONNECT (RFC 9110, section 9.3.6), for
 * http addresses as well.
 *
 * @throws FailureThrown Unavailable that names the proxy, and never its password.
 */
export function openTunnel(
  { variable, url }: EnvironmentProxy,
  address: ServerAddress,
  { onSocket, signal }: TunnelOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (url === undefined) {
      reject(failure(true, `${variable} names no proxy: it must be an http or https URL`));
      return;
    }
    const fail = (lasting: boolean, what: string, cause?: unknown) =>
      reject(failure(lasting, `the proxy ${url.origin}, named by ${variable}, ${what}`, cause));
    const request = connectRequest(url, address);
    const stopListening = onAbort(signal, () => {
      reject(signal.reason);
      request.destroy();
    });
    request.on("error", (error) => {
      const code = nodeErrorCode(error);
      const { lasting = false, ofCertificate = false } = tlsReason(code, error) ?? {};
      const what = `cannot be used: ${fileLimitReason(code) ?? code ?? error.message}`;
      fail(lasting, ofCertificate ? what + CERTIFICATE_HINT : what, error);
    });
    request.once("socket", (socket) => onSocket?.(socket));
    request.once("close", stopListening);
    request.once("connect", ({ statusCode = 0 }: IncomingMessage, socket: Socket, head: Buffer) => {
      stopListening();
      // Someone must listen for errors until the socket's next owner does.
      socket.on("error", () => undefined);
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        const mayPass = statusCode >= 500 || statusCode === 429;
        fail(
          !mayPass,
          `refuses to connect to it (HTTP ${statusCode})${hint(statusCode, variable)}`,
        );
        return;
      }
      socket.unshift(head);
      resolve(socket);
    });
    request.end();
  });

  function failure(lasting: boolean, text: string, cause?: unknown): FailureThrown {
    return new FailureThrown(cannotConnect({ lasting, text }, address, cause));
  }
}

function connectRequest(url: URL, { host, port }: ServerAddress): ClientRequest {
  const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const proxy = url.hostname.replace(/^\[|\]$/g, "");
  const secure = url.protocol === "https:";
  const options = {
    method: "CONNECT",
    host: proxy,
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    path: target,
    headers: { host: target, ...authorization(url) },
    agent: false,
  };
  // Without a name of its own Node.js would check the proxy's certificate against the host header.
  return secure
    ? requestHttps({ ...options, servername: isIP(proxy) === 0 ? proxy : "" })
    : requestHttp(options);
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

function hint(status: number, variable: string): string {
  return status === 407 ? `; it wants a user and a password, as part of ${variable}` : "";
}
