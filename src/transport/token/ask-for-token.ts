import { Code, ConnectError } from "@connectrpc/connect";
import { untilAborted } from "../../async/until-aborted.js";
import type { TokenProvider } from "../connection-config.js";

/**
 * Gets a token, and checks that it can be a header.
 *
 * @throws the signal's reason as soon as it aborts; a ConnectError of the provider as it is;
 *   ConnectError Unauthenticated for its other errors, InvalidArgument for a token that cannot be.
 */
export async function askForToken(
  provider: TokenProvider,
  rejectedToken: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  if (typeof provider === "string") {
    return checked(provider);
  }
  const asked = async () => await provider({ rejectedToken, signal });
  try {
    return checked(await untilAborted(asked(), signal));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ConnectError) {
      throw error;
    }
    const reason = error instanceof Error ? `: ${error.message}` : "";
    const message = `the token provider failed${reason}`;
    throw new ConnectError(message, Code.Unauthenticated, undefined, undefined, error);
  }
}

function checked(token: unknown): string {
  // Visible ASCII: more would be changed or refused on its way as a header.
  if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) {
    return token;
  }
  throw new ConnectError(whatIsWrong(token), Code.InvalidArgument);
}

// The token itself is not shown.
function whatIsWrong(token: unknown): string {
  if (typeof token !== "string") {
    const kind = token === null ? "null" : typeof token;
    return `tokenProvider must give the token as a string, but gave ${kind}`;
  }
  if (token === "") {
    return "the token is empty";
  }
  return /^\s*bearer\s/i.test(token)
    ? 'the token begins with "Bearer", which the client adds: give the token alone'
    : "the token holds characters that cannot be in a header, such as spaces or line breaks";
}
