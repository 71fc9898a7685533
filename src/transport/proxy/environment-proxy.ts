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
  const variable = [name, name.toUpperCase()].find((one) => environment[one]);
  if (variable === undefined || address.loopback) {
    return undefined;
  }
  const exceptions = environment["no_proxy"] || environment["NO_PROXY"] || "";
  if (isException(address, exceptions)) {
    return undefined;
  }
  return { variable, url: parse(environment[variable] ?? "") };
}

/**
 * Whether a list in `no_proxy` names a server: `*`, or hosts with or without a port, separated by
 * commas or spaces. A domain stands for what is below it too, with or without a dot before it.
 */
function isException({ host, port }: ServerAddress, list: string): boolean {
  const name = host.toLowerCase();
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      const { domain, ofPort } = exception(entry);
      return (
        entry === "*" ||
        ((ofPort === undefined || ofPort === port) &&
          (name === domain || name.endsWith(`.${domain}`)))
      );
    });
}

function exception(entry: string): { domain: string; ofPort: number | undefined } {
  // More than one colon outside of brackets is an IPv6 address without a port.
  const { 1: bracketed, 2: plain, 3: port } = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  const domain = bracketed ?? plain ?? entry;
  return {
    domain: domain.replace(/^\*?\./, ""),
    ofPort: port === undefined ? undefined : Number(port),
  };
}

function parse(text: string): URL | undefined {
  const url = text.includes("://") ? text : `http://${text}`;
  if (!URL.canParse(url)) {
    return undefined;
  }
  const parsed = new URL(url);
  return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed : undefined;
}
