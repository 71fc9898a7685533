import { cors as connectCors } from "@connectrpc/connect";
import { checkStubOptions, type RulesOf } from "../check-options.js";
import {
  answerEmpty,
  type NodeHandler,
  type NodeRequest,
  type NodeResponse,
} from "./node-handler.js";

/** Which pages of a browser may call a stub server. */
export interface StubCors {
  /**
   * The origins of the pages, such as `http://localhost:5173`: a scheme, a host, and a port unless
   * it is the scheme's own. `"*"` is every page there is; a token is needed all the same.
   */
  readonly origins: readonly string[] | "*";
}

/**
 * @throws TypeError for an origin that no browser would send.
 *
 * @internal
 */
export function requireCors(name: string, cors: unknown): void {
  checkStubOptions<StubCors>("startStubServer", cors, CORS_RULES, name);
}

const CORS_RULES: RulesOf<StubCors> = { origins: requireOrigins };

function requireOrigins(name: string, origins: unknown): void {
  if (origins === "*") {
    return;
  }
  if (!Array.isArray(origins) || origins.length === 0) {
    throw new TypeError(`${name}: list at least one, or say "*"`);
  }
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new TypeError(
        `${name}: ${JSON.stringify(origin)} is no origin: use scheme://host or scheme://host:port, with nothing after it`,
      );
    }
  }
}

// What a page's script may read, besides what it always may.
const EXPOSED = connectCors.exposedHeaders.join(", ");
const METHODS = connectCors.allowedMethods.join(", ");
/** How long a browser may remember a preflight, in seconds: the most that Chromium takes. */
const MAX_AGE = "7200";

/**
 * Tells browsers which pages may call: answers preflights (the Fetch standard, 4.8), and leaves all
 * other requests to the next handlers, whose responses then carry the headers.
 *
 * @internal
 */
export function createCorsHandler({ origins }: StubCors): NodeHandler {
  return (request, response) => {
    const { origin } = request.headers;
    if (origins !== "*") {
      response.setHeader("vary", "origin");
    }
    if (origin === undefined || (origins !== "*" && !origins.includes(origin))) {
      return false;
    }
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
  if (headers !== undefined) {
    response.setHeader("access-control-allow-headers", headers);
  }
}
