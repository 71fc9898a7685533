/**
 * What `aiem-process doctor` looks at below a client: one step of a connection after another, made as
 * the client makes them. It is no entry point of the package.
 */
import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { parseAiemUrl } from "./transport/aiem-url.js";
import type { TransportOptions } from "./transport/connection-config.js";
import { connectFailure } from "./transport/failures.js";
import { environmentProxy } from "./transport/proxy/environment-proxy.js";
import { openTunnel } from "./transport/proxy/open-tunnel.js";
import { dial } from "./transport/socket/dial.js";
import { openTcp } from "./transport/socket/open-tcp.js";

/** How connections are made. */
export interface ProbeOptions extends Pick<TransportOptions, "sslCaCert" | "verifySsl"> {
  /** The address of AIEM. */
  readonly aiemUrl: string;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** What a connection leads to first. */
export interface ProbeRoute {
  /** The host that is looked up: that of the server, or of the proxy. */
  readonly host: string;
  readonly secure: boolean;
  /** The proxy that the environment names, without its password. */
  readonly proxy: { readonly variable: string; readonly origin: string } | undefined;
}

/** What a TLS connection has shown. */
export interface ProbeTls {
  /** Whose certificate the server has. */
  readonly subject: string;
  /** Who has signed it. */
  readonly issuer: string;
  readonly validUntil: Date;
  /** Whether this machine trusts it; only without verification can it be false. */
  readonly isTrusted: boolean;
  readonly version: string | undefined;
  /** Whether the server offers HTTP/2. */
  readonly hasHttp2: boolean;
}

/** What an answer to `GET /version` tells. */
export interface ProbeAnswer {
  readonly status: number;
  /** The server's clock, where it tells it. */
  readonly date: Date | undefined;
}

/** Where connections lead to first. */
export function probeRoute(aiemUrl: string): ProbeRoute {
  const address = parseAiemUrl(aiemUrl);
  const proxy = environmentProxy(address);
  const host = proxy?.url?.hostname.replace(/^\[|\]$/g, "") ?? address.lookupHost;
  const named = proxy && { variable: proxy.variable, origin: proxy.url?.origin ?? "(no address)" };
  return { host, secure: address.secure, proxy: named };
}

/**
 * Connects to the server, over the proxy if there is one, without TLS.
 *
 * @returns the other side's address.
 * @throws Error that tells why not, and what to do.
 */
export async function probeTcp({ aiemUrl, signal }: ProbeOptions): Promise<string> {
  const address = parseAiemUrl(aiemUrl);
  const proxy = environmentProxy(address);
  return await explained(aiemUrl, async () => {
    const socket = proxy
      ? await openTunnel(proxy, address, { signal })
      : await openTcp({ host: address.lookupHost, port: address.port }, { signal });
    const { remoteAddress, remotePort } = socket;
    socket.destroy();
    return `${remoteAddress} port ${remotePort}`;
  });
}

/**
 * Speaks TLS with the server.
 *
 * @throws Error that tells why not, and what to do.
 */
export async function probeTls(options: ProbeOptions): Promise<ProbeTls> {
  return await explained(options.aiemUrl, async () => {
    const socket = await open(options, "h2").catch(() => open(options, "http/1.1"));
    try {
      if (!(socket instanceof TLSSocket)) {
        throw new TypeError("the address is not https");
      }
      const { subject, issuer, valid_to: validTo } = socket.getPeerCertificate();
      return {
        subject: nameOf(subject),
        issuer: nameOf(issuer),
        validUntil: new Date(validTo),
        isTrusted: socket.authorized,
        version: socket.getProtocol() ?? undefined,
        hasHttp2: socket.alpnProtocol === "h2",
      };
    } finally {
      socket.destroy();
    }
  });
}

/**
 * Asks for `/version`, which AIEM answers without a token, over HTTP/1.1.
 *
 * @throws Error that tells why there is no answer.
 */
export async function probeVersion(options: ProbeOptions): Promise<ProbeAnswer> {
  const { authority, pathPrefix } = parseAiemUrl(options.aiemUrl);
  return await explained(options.aiemUrl, async () => {
    const socket = await open(options, "http/1.1");
    try {
      return await new Promise<ProbeAnswer>((resolve, reject) => {
        const request = httpRequest({
          path: `${pathPrefix}/version`,
          headers: { host: authority, connection: "close" },
          createConnection: () => socket,
          signal: options.signal,
        });
        request.on("error", reject);
        request.once("close", () => reject(new Error("the server closed the connection")));
        request.once("response", ({ statusCode = 0, headers }) => {
          const date = headers.date === undefined ? undefined : new Date(headers.date);
          const isDate = date !== undefined && !Number.isNaN(date.getTime());
          resolve({ status: statusCode, date: isDate ? date : undefined });
        });
        request.end();
      });
    } finally {
      socket.destroy();
    }
  });
}

function open(options: ProbeOptions, alpn: "h2" | "http/1.1"): Promise<Socket> {
  const { aiemUrl, sslCaCert, verifySsl = true, signal } = options;
  const address = parseAiemUrl(aiemUrl);
  return dial({ address, sslCaCert, verifySsl, proxy: environmentProxy(address), alpn }, signal);
}

async function explained<T>(aiemUrl: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message, cause } = connectFailure(error, parseAiemUrl(aiemUrl));
    throw new Error(message, { cause });
  }
}

// Typed as texts, and an array where the certificate has several.
function nameOf(name: { readonly [part: string]: unknown } | undefined): string {
  const part = name?.["CN"] ?? name?.["O"] ?? "(no name)";
  return Array.isArray(part) ? part.join(", ") : String(part);
}
