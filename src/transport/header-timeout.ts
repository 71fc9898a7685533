import { MAX_HEADER_TIMEOUT_MS } from "../rules/client.js";

/** A duration as the protocols' timeout headers can carry it: whole, and from 1 to 99,999,999 ms. */
export function headerTimeoutMs(milliseconds: number): number {
  return Math.min(Math.max(Math.ceil(milliseconds), 1), MAX_HEADER_TIMEOUT_MS);
}
