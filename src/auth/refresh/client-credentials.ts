/** Who asks for tokens. */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly scope: string | undefined;
}
