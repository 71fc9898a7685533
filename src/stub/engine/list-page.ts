import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { invalidArgument, shown } from "./refusals.js";

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
  if (pageSize < 0) {
    throw invalidArgument(`page_size ${pageSize} must not be negative`);
  }
  const limit = pageSize === 0 ? DEFAULT_PAGE_SIZE : Math.min(pageSize, MAX_PAGE_SIZE);
  const state = parseStateFilter(filter);
  const before =
    pageToken === "" ? Number.POSITIVE_INFINITY : decodePageToken(pageToken, engine, filter);
  const page: T[] = [];
  let bytes = 0;
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (item === undefined || item.creationNumber >= before) {
      continue;
    }
    if (state !== undefined && item.state !== state) {
      continue;
    }
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

const FILTERS: ReadonlyMap<string, Process_State> = new Map([
  ["state = STATE_PENDING", Process_State.PENDING],
  ["state = STATE_RUNNING", Process_State.RUNNING],
  ["state = STATE_SUCCEEDED", Process_State.SUCCEEDED],
  ["state = STATE_FAILED", Process_State.FAILED],
]);

/**
 * The state that a filter asks for; undefined where it is empty and asks for all.
 * @throws {ConnectError} INVALID_ARGUMENT on any other filter.
 */
function parseStateFilter(filter: string): Process_State | undefined {
  if (filter === "") {
    return undefined;
  }
  const state = FILTERS.get(filter);
  if (state === undefined) {
    throw invalidArgument(
      `filter ${shown(filter)} is not supported: use one of ${[...FILTERS.keys()].join(", ")}`,
    );
  }
  return state;
}

/** What a page token stands for. */
interface PagePosition {
  /** The engine whose processes are listed. */
  readonly engine: string;
  /** The filter of the list. */
  readonly filter: string;
  /** The creation number of the last process of the page before. */
  readonly after: number;
}

/** The opaque token of a position. */
function encodePageToken({ engine, filter, after }: PagePosition): string {
  return Buffer.from(JSON.stringify([engine, filter, after])).toString("base64url");
}

/**
 * The creation number to go on after.
 * @throws {ConnectError} INVALID_ARGUMENT where the token was not given for this engine and filter.
 */
function decodePageToken(token: string, engine: string, filter: string): number {
  const position = parsePosition(token);
  if (position === undefined || position.engine !== engine) {
    throw invalidArgument(
      "page_token is not one of this list: use the next_page_token of the page before, unchanged",
    );
  }
  if (position.filter !== filter) {
    throw invalidArgument(
      `page_token belongs to the filter ${shown(position.filter)}: repeat that filter for each page`,
    );
  }
  return position.after;
}

function parsePosition(token: string): PagePosition | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) {
    return undefined;
  }
  const [engine, filter, after] = value;
  if (typeof engine !== "string" || typeof filter !== "string" || !Number.isSafeInteger(after)) {
    return undefined;
  }
  // Base64 is lenient: only what we would have written ourselves is ours.
  return encodePageToken({ engine, filter, after }) === token
    ? { engine, filter, after }
    : undefined;
}
