import { Code } from "@connectrpc/connect";

/** gRPC's names of the status codes, from 1 on (github.com/grpc/grpc, doc/statuscodes.md). */
export const STATUS_NAMES = [
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** gRPC's name of a status code, other than OK. */
export type StatusName = (typeof STATUS_NAMES)[number];

/** The code of a number or a name; undefined for what is neither. */
export function statusCode(code: unknown): Code | undefined {
  const names: readonly string[] = STATUS_NAMES;
  const number = typeof code === "string" ? names.indexOf(code) + 1 : code;
  return typeof number === "number" && typeof Code[number] === "string" ? number : undefined;
}

/** gRPC's name of a code. */
export function statusName(code: Code): StatusName {
  return STATUS_NAMES[code - 1] ?? "UNKNOWN";
}
