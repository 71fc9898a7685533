import type { Code } from "@connectrpc/connect";

/**
 * What happened to one attempt of a call.
 *
 * - `refused`: it is certain that no application saw the request.
 * - `lost`: the connection or the stream broke, or the answer has no proper end; whether the request
 *   had an effect cannot be known.
 * - `unavailable`: the server, or a proxy before it, says UNAVAILABLE; an effect cannot be excluded.
 * - `deadline`: the time of the attempt was over; an effect cannot be excluded.
 * - `status`: the server's own word, or an error of this side, that another attempt would not change.
 */
export type Failure =
  | { readonly kind: "refused" }
  | { readonly kind: "lost" }
  | { readonly kind: "unavailable"; readonly pushback: Pushback | undefined }
  | { readonly kind: "deadline" }
  | { readonly kind: "status"; readonly code: Code; readonly pushback: Pushback | undefined };

/** What the server says about another attempt: after how many milliseconds, or never. */
export type Pushback = { readonly delayMs: number } | "never";

/** What the transport knows of an attempt's way over the network. */
export interface CallEvidence {
  /** Whether the request was handed to a connection. */
  readonly sent: boolean;
  /** Whether it is certain that no application saw it (RFC 9113, section 8.7). */
  readonly neverProcessed: boolean;
  /** The code of an RST_STREAM of the server, if one ended the call. */
  readonly rstCode: number | undefined;
  /** The gRPC status that the server itself sent. */
  readonly grpcStatus: { readonly code: number } | undefined;
}
