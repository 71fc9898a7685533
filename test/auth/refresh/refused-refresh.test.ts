import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { TokenEndpointError } from "../../../src/errors/token-endpoint-error.js";
import { failure } from "../../transport/support/failure.js";
import { useEmptyEnvironment } from "../support/environment.js";
import type { Reply } from "../support/http-service.js";
import { startIdentityProvider } from "../support/identity-provider.js";

useEmptyEnvironment();

async function refused(reply: Reply) {
  const provider = await startIdentityProvider(() => reply);
  const { tokenEndpoint } = provider;
  const token = refreshTokenProvider({ tokenEndpoint, clientId: "c", refreshToken: "r-secret" });
  const { signal } = new AbortController();
  const error: unknown = await token({ signal }).catch((reason: unknown) => reason);
  return { ...provider, error };
}

test("an OAuth error is told with all that the endpoint said, and not asked for again", async () => {
  const body = {
    error: "invalid_grant",
    error_description: "session not active",
    error_uri: "https://idp.example.com/errors/1",
  };
  const { error, tokenEndpoint, grants } = await refused({ status: 400, body });
  expect(error).toBeInstanceOf(TokenEndpointError);
  expect(error).toMatchObject({
    code: Code.Unauthenticated,
    status: 400,
    error: "invalid_grant",
    errorDescription: "session not active",
    errorUri: "https://idp.example.com/errors/1",
    message: `the token endpoint ${tokenEndpoint} refused to give a token: invalid_grant (session not active), see https://idp.example.com/errors/1; the refresh token is expired, revoked or another client's: log in again for a new one`,
  });
  expect(grants()).toHaveLength(1);
});

test.each([
  ["invalid_client", /; check clientId and clientSecret$/],
  ["unauthorized_client", /; check clientId and clientSecret$/],
  ["invalid_scope", /; check scope$/],
  ["something_new", /refused to give a token: something_new$/],
])("the error %s alone is enough, and tells what to do if that is known", async (code, message) => {
  const { error } = await refused({ status: 400, body: { error: code } });
  expect(error).toMatchObject({ error: code, message: expect.stringMatching(message) });
  expect(error).toMatchObject({ errorDescription: undefined, errorUri: undefined });
});

test("a 401 with a challenge is an OAuth error as well", async () => {
  const { error } = await refused({
    status: 401,
    headers: { "www-authenticate": 'Basic realm="idp"' },
    body: { error: "invalid_client" },
  });
  expect(error).toMatchObject({ name: "TokenEndpointError", status: 401, error: "invalid_client" });
});

test.each([
  ["a page", { status: 404, headers: { "content-type": "text/html" }, body: "<h1>no</h1>" }],
  ["JSON of another kind", { status: 403, body: { message: "no" } }],
  ["broken JSON", { status: 400, body: '{"error":' }],
  ["a list", { status: 400, body: ["invalid_grant"] }],
  ["nothing", { status: 400, body: "" }],
])("a refusal with %s is told with its status and what to check", async (_title, reply) => {
  const { error, tokenEndpoint, grants } = await refused(reply);
  const text = `the token endpoint ${tokenEndpoint} answered HTTP ${reply.status} without an OAuth error; check the address`;
  expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: text });
  expect(grants()).toHaveLength(1);
});

test.each([
  ["broken JSON", '{"access_token":'],
  ["a list", "[]"],
  ["nothing", ""],
  ["no access token", { token_type: "Bearer" }],
  ["an empty access token", { access_token: "", token_type: "Bearer" }],
  ["an access token that is a number", { access_token: 1, token_type: "Bearer" }],
  ["no token type", { access_token: "a" }],
  ["another token type", { access_token: "a", token_type: "mac" }],
  ["an expiry that is no number", { access_token: "a", token_type: "Bearer", expires_in: "soon" }],
  ["an expiry in the past", { access_token: "a", token_type: "Bearer", expires_in: -1 }],
  ["a refresh token that is none", { access_token: "a", token_type: "Bearer", refresh_token: 1 }],
])("an answer with %s is not used, and not asked for again", async (_title, body) => {
  const { error, grants } = await refused({ body });
  expect(error).toMatchObject(
    failure("Internal", /^the token endpoint http.* gave an answer that cannot be used: /),
  );
  expect(grants()).toHaveLength(1);
});

test("a redirect is not followed: the refresh token would go with it", async () => {
  const elsewhere = await startIdentityProvider();
  const { error, grants } = await refused({
    status: 307,
    headers: { location: elsewhere.tokenEndpoint },
  });
  expect(error).toMatchObject(
    failure("FailedPrecondition", /answered HTTP 307, and redirects are not followed/),
  );
  expect([...grants(), ...elsewhere.grants()]).toHaveLength(1);
});

test("an answer without an end is not read on and on", async () => {
  const { error } = await refused({ body: "x".repeat(5 * 1024 * 1024) });
  expect(error).toMatchObject(failure("Internal", /answered with more than 4194304 bytes$/));
});
