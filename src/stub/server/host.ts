import { isIPv6 } from "node:net";

/** The interface that a server listens on unless it is told another one. */
export const LOOPBACK = "127.0.0.1";

/** Refuses what no server can listen on. Whether a name or an address is this machine's, only listening tells. */
export function requireHost(name: string, host: unknown): void {
  if (typeof host !== "string" || !URL.canParse(`http://${authorityHost(host)}`) || !isBare(host)) {
    throw new TypeError(`${name}: must be an IP address or a host name, such as 0.0.0.0`);
  }
}

/** The host of a URL at which this machine reaches what listens there. */
export function reachableHost(host: string): string {
  // The addresses for "every interface" can be listened on, and called on some systems only.
  const reached = host === "0.0.0.0" ? LOOPBACK : host === "::" ? "::1" : host;
  return authorityHost(reached);
}

function authorityHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

// Nothing else that a URL could begin with: a port, a user, a path.
function isBare(host: string): boolean {
  return isIPv6(host) || /^[\w.-]+$/.test(host);
}
