import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { readEndpointUrl } from "../http/endpoint-url.js";
import type { AuthHttpOptions } from "../http/send.js";
import { untilAnswered } from "../http/until-answered.js";
import { environmentVariable, settingError } from "../settings.js";
import { discoverTokenEndpoint } from "./issuer-metadata.js";

const VARIABLE = "H2O_CLOUD_TOKEN_ENDPOINT_URL";

/** What names a token endpoint; at most one of the two. */
export interface TokenEndpointOptions {
  readonly issuerUrl?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
}

/**
 * Decides where tokens come from, as H2O's clients do: the endpoint given, else the environment's,
 * else the issuer's, which is asked at first use and remembered.
 *
 * @throws InvalidInputError if the options exclude each other, or name no endpoint;
 *   ConnectError FailedPrecondition for a wrong environment variable.
 */
export function tokenEndpointOf(
  { issuerUrl, tokenEndpoint }: TokenEndpointOptions,
  http: AuthHttpOptions,
): (signal: AbortSignal) => Promise<URL> {
  if (issuerUrl !== undefined && tokenEndpoint !== undefined) {
    throw new InvalidInputError("tokenEndpoint", "must not be given together with issuerUrl");
  }
  const given = fromOption("tokenEndpoint", tokenEndpoint, true);
  const issuer = fromOption("issuerUrl", issuerUrl, false);
  const known = given ?? fromEnvironment();
  if (known !== undefined) {
    return async () => known;
  }
  if (issuer === undefined) {
    const rule = `must be given, or issuerUrl, or the environment variable ${VARIABLE}`;
    throw new InvalidInputError("tokenEndpoint", rule);
  }
  let discovered: URL | undefined;
  return async (signal) => {
    discovered ??= await untilAnswered((each) => discoverTokenEndpoint(issuer, http, each), signal);
    return discovered;
  };
}

function fromOption(field: string, value: string | undefined, query: boolean): URL | undefined {
  if (value === undefined) {
    return undefined;
  }
  const url = readEndpointUrl(value, { query });
  if (typeof url === "string") {
    throw new InvalidInputError(field, url);
  }
  return url;
}

function fromEnvironment(): URL | undefined {
  const value = environmentVariable(VARIABLE);
  const url = value === undefined ? undefined : readEndpointUrl(value, { query: true });
  if (typeof url === "string") {
    throw settingError(`the environment variable ${VARIABLE} ${url}`);
  }
  return url;
}
