import type { Interceptor } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerAddress } from "../aiem-url.js";

/**
 * Refuses to send a token, whoever added it, where others can read it on its way.
 *
 * @param always whether every call gets a token, so that there is no need to ask for it first.
 */
export function plaintextGuard(address: ServerAddress, always: boolean): Interceptor {
  return (next) => async (req) => {
    if (!address.secure && !address.loopback && (always || req.header.has("authorization"))) {
      throw new ConnectError(
        `refused to send a token unencrypted to ${address.origin}; use https://, or if the network in between is trusted set allowPlaintextToken: true`,
        Code.FailedPrecondition,
      );
    }
    return await next(req);
  };
}
