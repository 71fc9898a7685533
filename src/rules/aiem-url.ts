/**
 * Checks the address of a server.
 *
 * @returns the rule that it breaks, or undefined. Where user information is refused the address
 *   itself must not be shown: it may hold a password.
 */
export function checkAiemUrl(url: string): string | undefined {
  const parsed = parseUrl(url);
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

/** The parts of a URL; undefined where the text is none. */
export function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
