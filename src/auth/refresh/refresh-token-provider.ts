import { untilAborted } from "../../async/wait-for.js";
import { debug } from "../../diagnostics/debug-log.js";
import { checkRefreshTokenOptions } from "../../rules/auth.js";
import type { TokenRequest } from "../../transport/connection-config.js";
import { type AuthHttpOptions, httpOptionsOf } from "../http/send.js";
import { untilAnswered } from "../http/until-answered.js";
import { type AccessToken, isFresh } from "./access-token.js";
import { refreshGrant } from "./refresh-grant.js";
import { SharedRun } from "./shared-run.js";
import { tokenEndpointOf } from "./token-endpoint.js";

/** Where access tokens come from, and what for. */
export interface RefreshTokenOptions extends AuthHttpOptions {
  /**
   * The address of the OpenID Connect issuer, whose metadata name the token endpoint. Not together
   * with `tokenEndpoint`. The environment variable `H2O_CLOUD_TOKEN_ENDPOINT_URL` wins over it.
   */
  readonly issuerUrl?: string | undefined;
  /**
   * The address of the token endpoint. Not together with `issuerUrl`.
   * @default the environment variable `H2O_CLOUD_TOKEN_ENDPOINT_URL`, else what the issuer says
   */
  readonly tokenEndpoint?: string | undefined;
  /** The OAuth 2.0 client that the refresh token was given to. */
  readonly clientId: string;
  /** The first refresh token. Where the endpoint gives others, the latest one is used. */
  readonly refreshToken: string;
  /**
   * The secret of a confidential client, sent in the form.
   * @default none
   */
  readonly clientSecret?: string | undefined;
  /**
   * The scope to ask for, names separated by spaces.
   * @default what the endpoint gives by itself
   */
  readonly scope?: string | undefined;
}

/**
 * Makes a token provider for a client: access tokens by the `refresh_token` grant of OAuth 2.0, as
 * H2O's identity providers give them. Nothing is asked before the first call.
 *
 * A token is kept until 5 seconds before it expires, or until a server refuses it; without
 * `expires_in`, for 25 seconds. However many calls need a new one, it is asked for once. HTTP 408,
 * 429 and 5xx, and failures of the network, are met with up to three attempts. When every call has
 * given up there is no further attempt, but one under way goes on for its `httpTimeoutMs` at most,
 * since its answer may hold the only refresh token that is still good.
 *
 * The function rejects with a TokenEndpointError where the endpoint refuses, with a ConnectError
 * Unavailable where it cannot be reached, FailedPrecondition where something must be changed, and
 * Internal where its answer makes no sense; with the signal's reason where that aborts.
 *
 * @throws InvalidInputError for options that cannot be; ConnectError FailedPrecondition if
 *   `H2O_CLOUD_TOKEN_ENDPOINT_URL` is no address.
 */
export function refreshTokenProvider(
  options: RefreshTokenOptions,
): (request: TokenRequest) => Promise<string> {
  checkRefreshTokenOptions(options);
  const { clientId, clientSecret, scope } = options;
  const http = httpOptionsOf(options);
  const tokenEndpoint = tokenEndpointOf(options, http);
  const credentials = { clientId, clientSecret, scope };
  let { refreshToken } = options;
  let kept: AccessToken | undefined;

  const grant = async (endpoint: URL): Promise<string> => {
    const granted = await refreshGrant(endpoint, credentials, refreshToken, http);
    refreshToken = granted.refreshToken ?? refreshToken;
    kept = granted.accessToken;
    const { value, expiresAt } = kept;
    const leftSeconds = (expiresAt - performance.now()) / 1_000;
    debug(() => `${endpoint.origin} gave a token, which expires in ${leftSeconds.toFixed(0)} s`);
    return value;
  };
  // Goes on when nobody waits for it any more, and is found by who comes then.
  let underWay: Promise<string> | undefined;
  const grantOnce = (endpoint: URL): Promise<string> => {
    underWay ??= grant(endpoint).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const refresh = new SharedRun(async (signal) => {
    const endpoint = await tokenEndpoint(signal);
    return await untilAnswered((each) => untilAborted(grantOnce(endpoint), each), signal);
  });

  return async ({ rejectedToken, signal }) => {
    if (kept?.value === rejectedToken) {
      kept = undefined;
    }
    return kept && isFresh(kept) ? kept.value : await refresh.join(signal);
  };
}
