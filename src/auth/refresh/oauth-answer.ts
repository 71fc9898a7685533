import { Code, ConnectError } from "@connectrpc/connect";
import { ResponseBodyError } from "oauth4webapi";
import { TokenEndpointError } from "../../errors/token-endpoint-error.js";
import { type AuthAnswer, readJsonObject } from "../http/send.js";
import { redact } from "./redact.js";

/**
 * An answer as the OAuth library takes it. Of its headers it gets the content type only: with a
 * `www-authenticate` it would not look at the error in the body.
 */
export function oauthResponse({ status, contentType, text }: AuthAnswer): Response {
  return new Response(text, { status, headers: { "content-type": contentType } });
}

/**
 * The same for an answer to a grant, without what stands in the library's way: members that are null,
 * which some endpoints give for those that are not there, and the ID token that comes with the scope
 * `openid`. Nothing is done with it, and without the issuer's metadata it could not be checked.
 */
export function grantResponse(answer: AuthAnswer): Response {
  const body = readJsonObject(answer.text);
  if (body === undefined) {
    return oauthResponse(answer);
  }
  const { id_token: _, ...rest } = body;
  const members = Object.entries(rest).filter(([, value]) => value !== null);
  return oauthResponse({ ...answer, text: JSON.stringify(Object.fromEntries(members)) });
}

/**
 * The error of an answer that the OAuth library refuses. Its own error is not kept as the cause: it
 * carries the answer, tokens included.
 */
export function oauthFailure(
  error: unknown,
  { place, status }: AuthAnswer,
  secrets: readonly string[],
): Error {
  if (error instanceof ResponseBodyError) {
    const { error_description: description, error_uri: uri } = error.cause;
    return new TokenEndpointError(place, {
      status: error.status,
      error: redact(error.error, secrets),
      errorDescription: shown(description, secrets),
      errorUri: shown(uri, secrets),
    });
  }
  if (status !== 200) {
    const text = `${place} answered HTTP ${status} without an OAuth error; check the address`;
    return new ConnectError(text, Code.FailedPrecondition);
  }
  const reason = error instanceof Error ? redact(error.message, secrets) : "unknown reason";
  const text = `${place} gave an answer that cannot be used: ${reason}`;
  return new ConnectError(text, Code.Internal);
}

function shown(value: unknown, secrets: readonly string[]): string | undefined {
  return typeof value === "string" ? redact(value, secrets) : undefined;
}
