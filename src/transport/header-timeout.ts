/**
 * The longest deadline of a call that can be told to a server, in milliseconds, about 27 hours:
 * gRPC's timeout header carries at most eight digits (gRPC over HTTP/2, "Timeout"), which Connect
 * servers hold to as well.
 */
export const MAX_HEADER_TIMEOUT_MS = 99_999_999;

/** A duration as the protocols' timeout headers can carry it: whole, and from 1 to 99,999,999 ms. */
export function headerTimeoutMs(milliseconds: number): number {
  return Math.min(Math.max(Math.ceil(milliseconds), 1), MAX_HEADER_TIMEOUT_MS);
}
