import { cors as connectCors } from "@connectrpc/connect";

import {
  answerEmpty,
  type NodeHandler,
  type NodeRequest,
  type NodeResponse,
} from "./node-handler.js";
import type { StubCors } from "./stub-cors.js";

// What a page's script may read, besides what it always may.
const EXPOSED = connectCors.exposedHeaders.join(", ");
const METHODS = connectCors.allowedMethods.join(", ");
/** How long a browser may remember a preflight, in seconds: the most that Chromium takes. */
const MAX_AGE = "7200";

/**
 * Tells browsers which pages may call: answers preflights (the Fetch standard, 4.8), and leaves all
 * other requests to the next handlers, whose responses then carry the headers.
 */
export function createCorsHandler({ origins }: StubCors): NodeHandler {
  return (request, response) => {
    const { origin } = request.headers;
    if (origins !== "*") response.setHeader("vary", "origin");
    if (origin === undefined || (origins !== "*" && !origins.includes(origin))) return false;
    response.setHeader("access-control-allow-origin", origins === "*" ? "*" : origin);
    if (!isPreflight(request)) {
      response.setHeader("access-control-expose-headers", EXPOSED);
      return false;
    }
    allowRequested(request, response);
    answerEmpty(request, response, 204);
    return true;
  };
}

function isPreflight({ method, headers }: NodeRequest): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
}

function allowRequested(request: NodeRequest, response: NodeResponse): void {
  response.setHeader("access-control-allow-methods", METHODS);
  response.setHeader("access-control-max-age", MAX_AGE);
  // Named one by one: "*" does not stand for `authorization`.
  const headers = request.headers["access-control-request-headers"];
  if (headers !== undefined) response.setHeader("access-control-allow-headers", headers);
}
