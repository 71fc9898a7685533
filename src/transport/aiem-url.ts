import { isLoopbackHost } from "../model/loopback.js";
import { checkAiemUrl } from "../rules/aiem-url.js";

/** The parts of an address that a connection needs. */
export interface ServerAddress {
  /** The scheme, host and port, as messages name the server. */
  readonly origin: string;
  /** The origin and the path prefix of all requests. */
  readonly baseUrl: string;
  /** The path before that of every request; empty where there is none. */
  readonly pathPrefix: string;
  /** The value of the `:authority` header: the host and a port other than the scheme's. */
  readonly authority: string;
  /**
   * The host name or IP address, without the brackets of IPv6, and without the dot at the end of an
   * absolute name: TLS knows none (RFC 6066, section 3), and no certificate has one.
   */
  readonly host: string;
  /** The host as it is looked up: a dot at the end keeps search domains out. */
  readonly lookupHost: string;
  readonly port: number;
  /** Whether connections use TLS. */
  readonly secure: boolean;
  /** Whether the host is this machine, by its name or number; what the name resolves to may differ. */
  readonly loopback: boolean;
}

/** What is opened a socket to. */
export type SocketAddress = Pick<ServerAddress, "host" | "lookupHost" | "port" | "secure">;

/**
 * Reads an address that `checkAiemUrl` accepts.
 *
 * @throws TypeError for any other.
 */
export function parseAiemUrl(url: string): ServerAddress {
  const rule = checkAiemUrl(url);
  if (rule !== undefined) {
    throw new TypeError(`aiemUrl ${rule}`);
  }
  const parsed = new URL(url);
  const { pathname, hostname, port, protocol } = parsed;
  const pathPrefix = pathname.replace(/\/+$/, "");
  const name = hostname.replace(/\.$/, "");
  const authority = port === "" ? name : `${name}:${port}`;
  const origin = `${protocol}//${authority}`;
  return {
    origin,
    baseUrl: origin + pathPrefix,
    pathPrefix,
    authority,
    ...endpointOf(parsed),
    loopback: isLoopback(name),
  };
}

/** Where to connect to for an http or https URL. */
export function endpointOf({ hostname, port, protocol }: URL): SocketAddress {
  const secure = protocol === "https:";
  const lookupHost = hostname.replace(/^\[|\]$/g, "");
  return {
    host: lookupHost.replace(/\.$/, ""),
    lookupHost,
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    secure,
  };
}

// RFC 6761 keeps localhost and the names below it on this machine.
function isLoopback(name: string): boolean {
  return name.endsWith(".localhost") || isLoopbackHost(name.replace(/^\[|\]$/g, ""));
}
