import { randomBytes } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { shown } from "../engine/refusals.js";

/** The subjects that may call, by their bearer tokens. */
export type Users = Pick<ReadonlyMap<string, string>, "get">;

// RFC 6750, section 2.1; the name of the scheme is case-insensitive (RFC 9110, section 11.1).
const BEARER = /^bearer +(?<token>\S+)$/i;

/** A token that nobody can guess. */
export function randomToken(): string {
  return randomBytes(24).toString("base64url");
}

/**
 * The subject of a call with these headers.
 *
 * @throws ConnectError UNAUTHENTICATED where the bearer token is missing or unknown.
 */
export function authenticate(users: Users, headers: Headers): string {
  const authorization = headers.get("authorization");
  if (authorization === null) {
    throw new ConnectError(
      "the call carries no token: send the header `authorization: Bearer <token>`",
      Code.Unauthenticated,
    );
  }
  const subject = subjectOf(users, authorization);
  if (subject === undefined) {
    throw new ConnectError(
      "the authorization header holds no bearer token that this server knows",
      Code.Unauthenticated,
    );
  }
  return subject;
}

/** Whether `authenticate` would find a subject. */
export function isUser(users: Users, authorization: string | undefined): boolean {
  return subjectOf(users, authorization ?? "") !== undefined;
}

/** The token of an `authorization` header; undefined where it has no bearer token. */
export function bearerToken(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.groups?.["token"];
}

function subjectOf(users: Users, authorization: string): string | undefined {
  const token = bearerToken(authorization);
  return token === undefined ? undefined : users.get(token);
}

const ENGINE_PATTERN = "workspaces/*/sandboxEngines/*";
const PROCESS_PATTERN = `${ENGINE_PATTERN}/processes/*`;

// Any segment will do here: `p:unknownVerb` is the id of a process that does not exist, not a
// malformed name. A REST gateway hands it on like that.
const ENGINE_NAME = /^workspaces\/[^/]+\/sandboxEngines\/[^/]+$/;
const PROCESS_NAME = /^(?<engine>workspaces\/[^/]+\/sandboxEngines\/[^/]+)\/processes\/[^/]+$/;

/**
 * The engine that the field `parent` of a request names.
 *
 * @throws ConnectError INVALID_ARGUMENT where it has another shape than an engine's name.
 */
export function engineOfParent(parent: string): string {
  if (!ENGINE_NAME.test(parent)) {
    throw wrongShape("parent", ENGINE_PATTERN, parent);
  }
  return parent;
}

/**
 * The engine of the process that the field `name` of a request names.
 *
 * @throws ConnectError INVALID_ARGUMENT where it has another shape than a process's name.
 */
export function engineOfName(name: string): string {
  const engine = PROCESS_NAME.exec(name)?.groups?.["engine"];
  if (engine === undefined) {
    throw wrongShape("name", PROCESS_PATTERN, name);
  }
  return engine;
}

function wrongShape(field: string, pattern: string, value: string): ConnectError {
  return new ConnectError(
    `${field}: must match ${pattern}, but is ${shown(value)}`,
    Code.InvalidArgument,
  );
}
