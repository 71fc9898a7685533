import { Code, ConnectError } from "@connectrpc/connect";

/** The subjects that may call, by their bearer tokens. */
export type Users = ReadonlyMap<string, string>;

// RFC 6750, section 2.1; the name of the scheme is case-insensitive (RFC 9110, section 11.1).
const BEARER = /^bearer +(?<token>\S+)$/i;

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
  const token = BEARER.exec(authorization)?.groups?.["token"];
  const subject = token === undefined ? undefined : users.get(token);
  if (subject === undefined) {
    throw new ConnectError(
      "the authorization header holds no bearer token that this server knows",
      Code.Unauthenticated,
    );
  }
  return subject;
}
