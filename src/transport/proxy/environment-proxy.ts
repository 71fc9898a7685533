import { BlockList, isIP, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import type { ServerAddress } from "../aiem-url.js";

/** A proxy that the environment names for a server. */
export interface EnvironmentProxy {
  /** The variable that names it. Its value may hold a password, and is never to be shown. */
  readonly variable: string;
  /** The address; undefined where the variable holds none that can be used. */
  readonly url: URL | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a server, by the usual variables: `https_proxy` for https addresses and `http_proxy`
 * for http ones, in lower or upper case, and `no_proxy` for those to be reached directly. This
 * machine itself is never reached over a proxy.
 */
export function environmentProxy(
  address: ServerAddress,
  environment: Environment = process.env,
): EnvironmentProxy | undefined {
  const name = address.secure ? "https_proxy" : "http_proxy";
  const variable = [name, name.toUpperCase()].find(
    (one) => environment[one] && !isRequestHeader(one, environment),
  );
  if (variable === undefined || address.loopback) {
    return undefined;
  }
  const exceptions = environment["no_proxy"] || environment["NO_PROXY"] || "";
  if (isException(address, exceptions)) {
    return undefined;
  }
  return { variable, url: parse(environment[variable] ?? "") };
}

// Of a CGI program the variable HTTP_PROXY is the header `Proxy` of whoever sent the request
// (CVE-2016-5385, "httpoxy"). Such a program knows REQUEST_METHOD.
function isRequestHeader(variable: string, environment: Environment): boolean {
  return variable === "HTTP_PROXY" && environment["REQUEST_METHOD"] !== undefined;
}

/**
 * Whether a list in `no_proxy` names a server: `*`, or hosts with or without a port, or networks such
 * as `10.0.0.0/8`, separated by commas or spaces. A domain stands for what is below it too, with or
 * without a dot before it.
 */
function isException(address: ServerAddress, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => entry === "*" || isInNetwork(address, entry) || isNamedBy(address, entry));
}

function isInNetwork({ host }: Pick<ServerAddress, "host">, entry: string): boolean {
  const { 1: network = "", 2: digits } = /^(.+)\/(\d{1,3})$/.exec(entry) ?? [];
  const family = isIP(network);
  const bits = Number(digits);
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) {
    return false;
  }
  const type = family === 4 ? "ipv4" : "ipv6";
  const networks = new BlockList();
  networks.addSubnet(network, bits, type);
  return networks.check(host, type);
}

function isNamedBy({ host, port }: ServerAddress, entry: string): boolean {
  // More than one colon outside of brackets is an IPv6 address without a port.
  const {
    1: bracketed,
    2: plain,
    3: ofPort,
  } = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  if (ofPort !== undefined && Number(ofPort) !== port) {
    return false;
  }
  const address = bracketed ?? plain ?? entry;
  if (isIP(address) !== 0) {
    return isInNetwork({ host }, `${address}/${isIPv6(address) ? 128 : 32}`);
  }
  // In the form in which the host of a URL is, too: lower case, and IDN as ASCII.
  const domain = domainToASCII(address.replace(/^\*?\./, "").replace(/\.$/, ""));
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

function parse(text: string): URL | undefined {
  const url = text.includes("://") ? text : `http://${text}`;
  if (!URL.canParse(url)) {
    return undefined;
  }
  const parsed = new URL(url);
  return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed : undefined;
}
