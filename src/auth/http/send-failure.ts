import { Code, ConnectError } from "@connectrpc/connect";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import { FailureThrown } from "../../errors/outcome.js";

const CERTIFICATE = /CERT|SELF_SIGNED|^UNABLE_TO_|INVALID_CA|INVALID_PURPOSE/;
const TLS = /^ERR_(SSL|TLS)_|^EPROTO$/;

/**
 * The error of a request without an answer: Unavailable for what may pass, FailedPrecondition for
 * what somebody has to change. A ConnectError, or a failure to connect that is explained already, is
 * kept as it is.
 *
 * @param place what was asked, and its address.
 */
export function sendFailure(error: unknown, place: string): ConnectError {
  if (error instanceof ConnectError) {
    return error;
  }
  if (error instanceof FailureThrown) {
    const { code, message, cause } = error.failure;
    return new ConnectError(message, code, undefined, undefined, cause);
  }
  const code = nodeErrorCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (code !== undefined && CERTIFICATE.test(code)) {
    const text = `its certificate is not accepted (${code}: ${reason}); check the address, or give the authority's certificate as sslCaCert`;
    return failure(place, text, Code.FailedPrecondition, error);
  }
  if (code !== undefined && TLS.test(code)) {
    const text = `no TLS connection (${code}); check the scheme and the port of the address`;
    return failure(place, text, Code.FailedPrecondition, error);
  }
  return failure(place, reason, Code.Unavailable, error);
}

function failure(place: string, text: string, code: Code, cause: unknown): ConnectError {
  const message = `cannot reach ${place}: ${text}`;
  return new ConnectError(message, code, undefined, undefined, withoutData(cause));
}

// Errors of HTTP clients carry what they could not read, and that can be a token.
function withoutData(cause: unknown): Error {
  const reason = new Error(cause instanceof Error ? cause.message : String(cause));
  const code = nodeErrorCode(cause);
  return code === undefined ? reason : Object.assign(reason, { code });
}
