import { invalidArgument } from "../refusals.js";

/** What a page token stands for. */
export interface PagePosition {
  /** The engine whose processes are listed. */
  readonly engine: string;
  /** The filter of the list. */
  readonly filter: string;
  /** The creation number of the last process of the page before. */
  readonly after: number;
}

/** The opaque token of a position. */
export function encodePageToken({ engine, filter, after }: PagePosition): string {
  return Buffer.from(JSON.stringify([engine, filter, after])).toString("base64url");
}

/**
 * The creation number to go on after.
 * @throws {ConnectError} INVALID_ARGUMENT where the token was not given for this engine and filter.
 */
export function decodePageToken(token: string, engine: string, filter: string): number {
  const position = parsePosition(token);
  if (position === undefined || position.engine !== engine) {
    throw invalidArgument(
      "page_token is not one of this list: use the next_page_token of the page before, unchanged",
    );
  }
  if (position.filter !== filter) {
    throw invalidArgument(
      `page_token belongs to the filter ${JSON.stringify(position.filter)}: repeat that filter for each page`,
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
  if (!Array.isArray(value)) return undefined;
  const [engine, filter, after] = value;
  if (typeof engine !== "string" || typeof filter !== "string" || !Number.isSafeInteger(after)) {
    return undefined;
  }
  // Base64 is lenient: only what we would have written ourselves is ours.
  return encodePageToken({ engine, filter, after }) === token
    ? { engine, filter, after }
    : undefined;
}
