import { ConnectError } from "@connectrpc/connect";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import type { ServerAddress } from "../aiem-url.js";
import {
  connectFailure,
  connectFailureFor,
  connectFailureKind,
} from "../errors/connect-failure.js";
import { connectionLost } from "../errors/connection-lost.js";

/**
 * The error of a request without an answer, from what Node.js tells.
 *
 * @param fresh whether the connection has not answered any request before.
 */
export function noAnswer(error: unknown, address: ServerAddress, fresh: boolean): ConnectError {
  if (error instanceof ConnectError) {
    return error;
  }
  const code = nodeErrorCode(error);
  if (code?.startsWith("ERR_SSL_") && fresh) {
    // In TLS 1.3 a server refuses a client's certificate after the handshake. Anything else comes
    // from the network, and later than the request.
    const refusal = connectFailure(error, address);
    if (connectFailureKind(refusal) === "certificate") {
      return refusal;
    }
  }
  if (code === "HPE_INVALID_CONSTANT" && fresh) {
    // Not even "HTTP/". Anything else may be the answer to a request that had its effect.
    const hint = address.secure ? "" : "; if it expects TLS, use https://";
    const text = `the server does not answer in HTTP/1.1, which REST is spoken over${hint}; if it speaks gRPC, use protocol: "grpc"`;
    return connectFailureFor({ kind: "protocol", text }, address, error);
  }
  return connectionLost(address.origin, how(error), error);
}

/** The error of an answer that broke off. */
export function brokenAnswer(error: unknown, address: ServerAddress): ConnectError {
  return error instanceof ConnectError
    ? error
    : connectionLost(address.origin, `${how(error)} in the middle of an answer`, error);
}

function how(error: unknown): string {
  const code = nodeErrorCode(error);
  if (code?.startsWith("HPE_")) {
    return `sent what is no HTTP (${code})`;
  }
  // ECONNRESET is Node's own name for a connection that ends too early, reset or not.
  return code === undefined || code === "ECONNRESET" ? "closed it" : `failed (${code})`;
}
