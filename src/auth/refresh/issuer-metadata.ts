import { Code, ConnectError } from "@connectrpc/connect";
import {
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  JSON_ATTRIBUTE_COMPARISON,
  OperationProcessingError,
  processDiscoveryResponse,
} from "oauth4webapi";
import { isLoopback, readEndpointUrl, withoutSlash } from "../http/endpoint-url.js";
import { type AuthAnswer, type AuthHttpOptions, readJsonObject, send } from "../http/send.js";
import { oauthFailure, oauthResponse } from "./oauth-answer.js";

/**
 * Asks an issuer once for its token endpoint (OpenID Connect Discovery 1.0, section 4).
 *
 * @throws ConnectError for metadata that cannot be used; what `send` throws.
 */
export async function discoverTokenEndpoint(
  issuer: URL,
  http: AuthHttpOptions,
  signal: AbortSignal,
): Promise<URL> {
  let answer: AuthAnswer | undefined;
  const response = await discoveryRequest(issuer, {
    signal,
    [allowInsecureRequests]: isLoopback(issuer),
    [customFetch]: async (url, { headers }) => {
      const subject = "the issuer's metadata";
      answer = await send({ subject, url: new URL(url), method: "GET", headers }, http, signal);
      return oauthResponse(answer);
    },
  });
  try {
    const expected = expectedIssuer(issuer, answer);
    const { token_endpoint: endpoint } = await processDiscoveryResponse(expected, response);
    return usable(endpoint, answer?.place);
  } catch (error) {
    if (answer === undefined || error instanceof ConnectError) {
      throw error;
    }
    throw isOtherIssuer(error) ? otherIssuer(answer.place) : oauthFailure(error, answer, []);
  }
}

// H2O's own clients do not compare the two at all, so a slash at the end may differ out there.
function expectedIssuer(issuer: URL, answer: AuthAnswer | undefined): URL {
  const told = readJsonObject(answer?.text ?? "")?.["issuer"];
  const same = typeof told === "string" && withoutSlash(told) === withoutSlash(issuer.href);
  return same ? new URL(told) : issuer;
}

function usable(endpoint: string | undefined, place: string | undefined): URL {
  const url = readEndpointUrl(endpoint ?? "", { query: true });
  if (typeof url === "string") {
    const text =
      endpoint === undefined
        ? `${place} names no token_endpoint; give tokenEndpoint`
        : `the token_endpoint of ${place} ${url}`;
    throw new ConnectError(text, Code.FailedPrecondition);
  }
  return url;
}

function isOtherIssuer(error: unknown): boolean {
  return error instanceof OperationProcessingError && error.code === JSON_ATTRIBUTE_COMPARISON;
}

function otherIssuer(place: string): ConnectError {
  const text = `${place} names another address as its issuer; give issuerUrl as the metadata's "issuer" has it, or the tokenEndpoint`;
  return new ConnectError(text, Code.FailedPrecondition);
}
