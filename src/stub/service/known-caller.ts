import { Code, ConnectError } from "@connectrpc/connect";

/** Whether a call with this `authorization` header is one of a user's. */
export type IsKnownCaller = (authorization: string | undefined) => boolean;

/**
 * How much is read of the body of anybody's call, so that it can be refused like a user's. More is held
 * for users only: a few calls of somebody else could take the memory of the program.
 */
export const MAX_UNKNOWN_BODY_BYTES = 64 * 1024;

/** The refusal of a body that is larger. */
export function unknownCaller(): ConnectError {
  return new ConnectError(
    "the call carries no bearer token that this server knows, and its body is not read for that",
    Code.Unauthenticated,
  );
}

/** The body of somebody who is no user: it throws where that is more than a little. */
export async function* bounded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_UNKNOWN_BODY_BYTES) {
      throw unknownCaller();
    }
    yield chunk;
  }
}
