import { type ClientOptions, ProcessClient } from "../../../src/index.js";
import type { StubServer } from "../../../src/stub/index.js";

/** The ways to a server that the client has of its own. */
export const WAYS = [
  { protocol: "grpc", httpVersion: "2" },
  { protocol: "connect", httpVersion: "2" },
  { protocol: "connect", httpVersion: "1.1" },
  { protocol: "rest", httpVersion: "1.1" },
] as const;

/** One of `WAYS`. */
export type Way = (typeof WAYS)[number];

/** Retries that do not make a test wait. */
export const FAST_RETRY = { baseDelayMs: 1, maxDelayMs: 5 } as const;

/** A client of a stub server, reached at another address: that of a proxy before it. */
export function clientVia(
  { url }: { readonly url: string },
  { token }: Pick<StubServer, "token">,
  way: Way,
  options: ClientOptions = {},
): ProcessClient {
  return new ProcessClient(
    { contract: "built-in", aiemUrl: url, tokenProvider: token },
    { ...way, retry: FAST_RETRY, ...options },
  );
}
