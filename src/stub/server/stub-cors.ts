import { requireObject } from "../require-object.js";

/** Which pages of a browser may call a stub server. */
export interface StubCors {
  /**
   * The origins of the pages, such as `http://localhost:5173`: a scheme, a host, and a port unless
   * it is the scheme's own. `"*"` is every page there is; a token is needed all the same.
   */
  readonly origins: readonly string[] | "*";
}

/** @throws TypeError for an origin that no browser would send. */
export function requireCors(cors: StubCors): void {
  requireObject("cors", cors);
  const { origins } = cors;
  if (origins === "*") return;
  if (!Array.isArray(origins) || origins.length === 0) {
    throw new TypeError('cors.origins: list at least one, or say "*"');
  }
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new TypeError(
        `cors.origins: ${JSON.stringify(origin)} is no origin: use scheme://host or scheme://host:port, with nothing after it`,
      );
    }
  }
}
