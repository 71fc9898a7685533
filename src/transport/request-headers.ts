import type { Outcome } from "../errors/outcome.js";
import type { Attempt } from "./wire.js";

/** What a request carries besides the headers of its protocol. */
export interface RequestHeaders {
  /** The caller's, which win over all others; undefined where there are none. */
  readonly caller: Headers | undefined;
  /** The value of `authorization`, unless the caller has one. */
  readonly authorization: string | undefined;
  /** The value of `user-agent`, unless the caller has one. */
  readonly userAgent: string;
}

/**
 * Gets the token of an attempt and checks that it may be sent. At once, unless the token has to be
 * waited for. Never throws.
 */
export type PrepareHeaders = (
  attempt: Attempt,
) => Outcome<RequestHeaders> | Promise<Outcome<RequestHeaders>>;
