import {
  allowInsecureRequests,
  type Client,
  ClientSecretPost,
  customFetch,
  None,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
} from "oauth4webapi";
import { isLoopback } from "../http/endpoint-url.js";
import { type AuthAnswer, type AuthHttpOptions, send } from "../http/send.js";
import { type AccessToken, accessToken } from "./access-token.js";
import { grantResponse, oauthFailure } from "./oauth-answer.js";

/** Who asks for tokens. */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly scope: string | undefined;
}

/** What a token endpoint gives for a refresh token. */
export interface Granted {
  readonly accessToken: AccessToken;
  /** The refresh token to use from now on, where the endpoint changes them. */
  readonly refreshToken: string | undefined;
}

/**
 * Asks once for an access token (RFC 6749, section 6). It cannot be cancelled: an endpoint that
 * changes refresh tokens has used up the old one, and only its answer has the new one.
 *
 * @throws TokenEndpointError for the endpoint's refusal; what `send` throws.
 */
export async function refreshGrant(
  endpoint: URL,
  credentials: ClientCredentials,
  refreshToken: string,
  http: AuthHttpOptions,
): Promise<Granted> {
  const { clientId, clientSecret, scope } = credentials;
  const server = { issuer: endpoint.origin, token_endpoint: endpoint.href };
  const client: Client = { client_id: clientId };
  const { signal } = new AbortController();
  const askedAt = performance.now();
  let answer: AuthAnswer | undefined;
  const response = await refreshTokenGrantRequest(
    server,
    client,
    clientSecret === undefined ? None() : ClientSecretPost(clientSecret),
    refreshToken,
    {
      signal,
      additionalParameters: scope === undefined ? {} : { scope },
      [allowInsecureRequests]: isLoopback(endpoint),
      [customFetch]: async (_, { method, headers, body }) => {
        const form = body.toString();
        const request = { subject: "the token endpoint", url: endpoint, method, headers };
        answer = await send({ ...request, body: form }, http, signal);
        return grantResponse(answer);
      },
    },
  );
  try {
    const granted = await processRefreshTokenResponse(server, client, response);
    return {
      accessToken: accessToken(granted.access_token, askedAt, granted.expires_in),
      refreshToken: granted.refresh_token,
    };
  } catch (error) {
    const secrets = clientSecret === undefined ? [refreshToken] : [refreshToken, clientSecret];
    throw answer === undefined ? error : oauthFailure(error, answer, secrets);
  }
}
