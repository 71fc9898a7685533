import type { AuthHttpOptions } from "../http/auth-http-options.js";

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
