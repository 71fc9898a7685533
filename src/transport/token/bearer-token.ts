import type { Interceptor } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { currentRecord, outsideOfCalls } from "../call-context.js";
import type { TokenProvider } from "../connection-config.js";
import { askForToken } from "./ask-for-token.js";

const HEADER = "authorization";

/**
 * Adds the token to each request, unless the call has an `authorization` header of its own. When
 * the server refuses the token of a unary call, a provider is asked for another one, once.
 */
export function bearerToken(provider: TokenProvider): Interceptor {
  return (next) => async (req) => {
    if (req.header.has(HEADER)) {
      return await next(req);
    }
    const record = currentRecord();
    const ask = async (rejectedToken: string | undefined) => {
      // A provider may make calls of its own, which are not this one.
      const token = await outsideOfCalls(() => askForToken(provider, rejectedToken, req.signal));
      if (typeof provider !== "string") {
        record?.useToken(token);
      }
      return token;
    };
    const send = (token: string) => {
      req.header.set(HEADER, `Bearer ${token}`);
      return next(req);
    };
    const rejected = record?.rejectedToken;
    const token = await ask(rejected);
    if (token === rejected) {
      throw new ConnectError("the token provider gave a refused token again", Code.Unauthenticated);
    }
    try {
      return await send(token);
    } catch (error) {
      // The messages of a stream may be read already; its caller opens it again.
      if (req.stream || typeof provider === "string" || !isUnauthenticated(error)) {
        throw error;
      }
      const other = await ask(token);
      if (other === token) {
        throw error;
      }
      return await send(other);
    }
  };
}

function isUnauthenticated(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.Unauthenticated;
}
