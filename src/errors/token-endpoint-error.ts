import { Code } from "@connectrpc/connect";

/** What a token endpoint says of a request that it refuses (RFC 6749, section 5.2). */
export interface TokenEndpointRefusal {
  /** The HTTP status, as a rule 400. */
  readonly status: number;
  /** The error code, such as `invalid_grant`. */
  readonly error: string;
  /** What the endpoint says about it, for developers. */
  readonly errorDescription?: string | undefined;
  /** A page about the error that the endpoint names. */
  readonly errorUri?: string | undefined;
}

/** The token endpoint refused to give an access token. Another attempt would not change that. */
export class TokenEndpointError extends Error implements TokenEndpointRefusal {
  /** Always `"TokenEndpointError"`. */
  override readonly name = "TokenEndpointError";
  /** Always `Code.Unauthenticated`. */
  readonly code = Code.Unauthenticated;
  readonly status: number;
  readonly error: string;
  /** What the endpoint says about it, for developers; undefined where it says nothing. */
  readonly errorDescription: string | undefined;
  /** A page about the error that the endpoint names; undefined where it names none. */
  readonly errorUri: string | undefined;

  /** @param refusal what the endpoint said, without secrets. */
  constructor(endpoint: string, refusal: TokenEndpointRefusal) {
    const { status, error, errorDescription, errorUri } = refusal;
    const parts = [
      `${endpoint} refused to give a token: ${error}`,
      errorDescription === undefined ? "" : ` (${errorDescription})`,
      errorUri === undefined ? "" : `, see ${errorUri}`,
      advice(error),
    ];
    super(parts.join(""));
    this.status = status;
    this.error = error;
    this.errorDescription = errorDescription;
    this.errorUri = errorUri;
  }
}

function advice(error: string): string {
  switch (error) {
    case "invalid_grant":
      return "; the refresh token is expired, revoked or another client's: log in again for a new one";
    case "invalid_client":
    case "unauthorized_client":
      return "; check clientId and clientSecret";
    case "invalid_scope":
      return "; check scope";
    default:
      return "";
  }
}
