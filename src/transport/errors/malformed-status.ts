import { ConnectError } from "@connectrpc/connect";
import type { GrpcStatus } from "../call-record.js";

/**
 * Restores a status whose message is not percent-encoded as gRPC demands ('50% off'). Connect takes
 * it for an unknown error 'URI malformed', and loses the code.
 *
 * @returns undefined where that is not what happened.
 */
export function repairStatus(
  error: unknown,
  status: GrpcStatus | undefined,
): ConnectError | undefined {
  if (status === undefined || status.code === 0 || !(error instanceof URIError)) {
    return undefined;
  }
  return new ConnectError(status.message, status.code, undefined, undefined, error);
}
