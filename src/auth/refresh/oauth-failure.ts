import { Code, ConnectError } from "@connectrpc/connect";
import { ResponseBodyError } from "oauth4webapi";
import { TokenEndpointError } from "../../errors/token-endpoint-error.js";
import type { AuthAnswer } from "../http/send.js";
import { redact } from "./redact.js";

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
