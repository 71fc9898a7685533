import { ConnectError } from "@connectrpc/connect";
import type { ServerAddress } from "../aiem-url.js";
import type { ResponseHeaders } from "../call-record.js";

/**
 * Says what answered instead of a gRPC server: a proxy, or a server of another protocol. The code
 * that Connect derives from the HTTP status stays.
 *
 * @returns undefined if the answer was gRPC.
 */
export function notGrpc(
  error: ConnectError,
  response: ResponseHeaders | undefined,
  address: ServerAddress,
): ConnectError | undefined {
  if (response === undefined) {
    return undefined;
  }
  const status = response[":status"];
  const type = response["content-type"] ?? "";
  if (status === 200 && type.startsWith("application/grpc")) {
    return undefined;
  }
  const message = `${address.origin} answered HTTP ${status} ${type || "without a content type"}, which is not gRPC${hint(status)}`;
  return new ConnectError(message, error.code, error.metadata, undefined, error);
}

function hint(status: number | undefined): string {
  return status === 404 || status === 415
    ? '; for AIEM\'s public REST surface use protocol: "rest"'
    : "";
}
