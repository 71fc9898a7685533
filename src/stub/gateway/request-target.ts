import type { NodeRequest } from "../server/node-handler.js";

/** What a request is for. */
export interface RequestTarget {
  /** The path, percent-encoded. */
  readonly path: string;
  /** The query, percent-encoded, without its question mark. */
  readonly query: string;
}

// A proxy is sent the whole URL (RFC 9112, section 3.2.2), and any server has to understand it.
const ORIGIN = /^https?:\/\/[^/?#]*/i;

/** The target of a request, whose URL can be a path or absolute. */
export function requestTarget({ url = "" }: NodeRequest): RequestTarget {
  const [path = "", ...query] = url.replace(ORIGIN, "").split("?");
  return { path, query: query.join("?") };
}
