import type { TransportOptions } from "../../transport/connection-config.js";

/** How to reach identity providers and discovery services. */
export interface AuthHttpOptions extends Pick<TransportOptions, "verifySsl" | "sslCaCert"> {
  /**
   * How long one request may take, in milliseconds, from the name lookup to the end of the answer.
   * @default 5_000
   */
  readonly httpTimeoutMs?: number | undefined;
}

/** The options of the HTTP requests as they are now: the object they are in may be changed later. */
export function httpOptionsOf({
  verifySsl,
  sslCaCert,
  httpTimeoutMs,
}: AuthHttpOptions): AuthHttpOptions {
  return { verifySsl, sslCaCert, httpTimeoutMs };
}
