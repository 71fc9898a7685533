import { readJsonObject } from "../http/json-object.js";
import type { AuthAnswer } from "../http/send.js";

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
