import { ConnectError } from "@connectrpc/connect";
import type { CallRecord } from "../call-record.js";
import { connectFailureKind } from "../errors/connect-failure.js";

/**
 * Tells whether a failed call proves that the edge speaks no gRPC, and so that nothing behind it saw
 * the call: there is no HTTP/2 connection to be had, or HTTP says 404 or 415 and nothing in gRPC's
 * way. Redirects, 401, 403, 429 and 5xx prove nothing: a proxy says those about a gRPC server too,
 * some of them after the call was executed.
 *
 * @returns the proof in words.
 */
export function noGrpcProof(error: unknown, record: CallRecord): string | undefined {
  const kind = connectFailureKind(error);
  const isProof = kind === "protocol" || kind === "silence" || saysNotGrpc(record);
  return isProof ? ConnectError.from(error).rawMessage : undefined;
}

function saysNotGrpc({ response, grpcStatus }: CallRecord): boolean {
  const { ":status": status, "content-type": type = "" } = response ?? {};
  const inGrpc = grpcStatus !== undefined || type.startsWith("application/grpc");
  return !inGrpc && (status === 404 || status === 415);
}
