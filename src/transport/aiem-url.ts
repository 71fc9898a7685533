import { isIPv4 } from "node:net";

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
  /** The host name or IP address, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** Whether connections use TLS. */
  readonly secure: boolean;
  /** Whether the host is this machine, by its name or number. */
  readonly loopback: boolean;
}

/**
 * Checks the address of a server.
 *
 * @returns the rule that it breaks, or undefined. Where user information is refused the address
 *   itself must not be shown: it may hold a password.
 */
export function checkAiemUrl(url: string): string | undefined {
  const parsed = parse(url);
  if (!parsed || (parsed.protocol !== "http:" && parsed.protocol !== "https:")) {
    return "must be an absolute http or https URL";
  }
  if (parsed.username !== "" || parsed.password !== "") {
    return "must not hold a user name or a password; use tokenProvider";
  }
  // An empty query or fragment is not seen by URL, and would still end up in request paths.
  if (url.includes("?") || url.includes("#")) {
    return "must not hold a query or a fragment";
  }
  return undefined;
}

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
  const { origin, pathname, hostname, host, port, protocol } = new URL(url);
  const secure = protocol === "https:";
  const pathPrefix = pathname.replace(/\/+$/, "");
  return {
    origin,
    baseUrl: origin + pathPrefix,
    pathPrefix,
    authority: host,
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    secure,
    loopback: isLoopback(hostname),
  };
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}

// RFC 6761 keeps localhost and the names below it on this machine.
function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "[::1]" ||
    (isIPv4(name) && name.startsWith("127."))
  );
}
