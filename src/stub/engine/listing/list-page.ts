import type { Process_State } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { invalidArgument } from "../refusals.js";
import { decodePageToken, encodePageToken } from "./page-token.js";
import { parseStateFilter } from "./state-filter.js";

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;
// Other gRPC peers receive messages of 4 MiB at most by default; the rest is for the token, and for
// what a process has besides its specification.
const MAX_PAGE_BYTES = 3 * 1024 * 1024;
const BYTES_BESIDES_SPEC = 512;

/** What a list is made of. */
export interface Listed {
  /** Grows with each creation, and tells apart processes of the same millisecond. */
  readonly creationNumber: number;
  readonly state: Process_State;
  /** How large its specification is as a message. */
  readonly specBytes: number;
}

/** Which page to return. */
export interface PageRequest {
  /** The most processes of the page; 0 means 50, and more than 1000 means 1000. */
  readonly pageSize: number;
  /** The token of the page before; empty for the first one. */
  readonly pageToken: string;
  /** `state = STATE_X`, or empty for all. */
  readonly filter: string;
}

/**
 * One page, newest first; shorter where its message would be too large.
 * @param items in the order of their creation.
 * @throws {ConnectError} INVALID_ARGUMENT on a negative page size, and on a filter or a token that
 * cannot be used.
 */
export function listPage<T extends Listed>(
  items: readonly T[],
  engine: string,
  { pageSize, pageToken, filter }: PageRequest,
): { page: T[]; nextPageToken: string } {
  if (pageSize < 0) throw invalidArgument(`page_size ${pageSize} must not be negative`);
  const limit = pageSize === 0 ? DEFAULT_PAGE_SIZE : Math.min(pageSize, MAX_PAGE_SIZE);
  const state = parseStateFilter(filter);
  const before =
    pageToken === "" ? Number.POSITIVE_INFINITY : decodePageToken(pageToken, engine, filter);
  const page: T[] = [];
  let bytes = 0;
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (item === undefined || item.creationNumber >= before) continue;
    if (state !== undefined && item.state !== state) continue;
    const last = page.at(-1);
    bytes += item.specBytes + BYTES_BESIDES_SPEC;
    if (last !== undefined && (page.length === limit || bytes > MAX_PAGE_BYTES)) {
      const after = last.creationNumber;
      return { page, nextPageToken: encodePageToken({ engine, filter, after }) };
    }
    page.push(item);
  }
  return { page, nextPageToken: "" };
}
