import { parseUrl } from "../../rules/aiem-url.js";
import { parseAiemUrl } from "../../transport/aiem-url.js";

/** What an address may hold besides the scheme, the host and the path. */
export interface EndpointParts {
  readonly query: boolean;
}

/**
 * Reads the address of something that gets tokens, or that tells where tokens go.
 *
 * @returns the address, or the rule that it breaks. The address itself must not be shown then: it
 *   may hold a password.
 */
export function readEndpointUrl(text: unknown, { query }: EndpointParts): URL | string {
  if (typeof text !== "string") {
    return "must be a string";
  }
  const url = parseUrl(text);
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return "must be an absolute http or https URL";
  }
  if (url.username !== "" || url.password !== "") {
    return "must not hold a user name or a password";
  }
  if (text.includes("#") || (!query && text.includes("?"))) {
    return `must not hold a ${query ? "fragment" : "query or a fragment"}`;
  }
  if (url.protocol === "http:" && !isLoopback(url)) {
    return "must be https, since tokens depend on it; http is for this machine only";
  }
  return url;
}

/** Whether the address is on this machine, by its name or number. */
export function isLoopback(url: URL): boolean {
  return parseAiemUrl(url.origin).loopback;
}

/** The address as messages show it: a query may hold secrets. */
export function shownUrl({ origin, pathname }: URL): string {
  return origin + pathname;
}

/** An address without the slashes at its end, which say nothing. */
export function withoutSlash(address: string): string {
  return address.replace(/\/+$/, "");
}
