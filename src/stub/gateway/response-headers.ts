import type { NodeResponse } from "../server/node-handler.js";
import { isReserved } from "./reserved-metadata.js";

// gRPC's metadata has none of them either. Headers take more than Node does, and than arrives.
const NOT_IN_A_HEADER = /[^\x20-\x7e]+/g;

/** Shows the metadata of a service's answer as headers with the prefix `Grpc-Metadata-`. */
export function setMetadataHeaders(response: NodeResponse, metadata: Headers): void {
  response.setHeader("Grpc-Metadata-Content-Type", "application/grpc");
  metadata.forEach((value, key) => {
    if (!isReserved(key)) {
      response.setHeader(`Grpc-Metadata-${key}`, printable(value));
    }
  });
}

/** Names what a caller without a valid token lacks: the message, as grpc-gateway does it. */
export function setChallenge(response: NodeResponse, message: string): void {
  response.setHeader("Www-Authenticate", printable(message));
}

function printable(text: string): string {
  return text.replace(NOT_IN_A_HEADER, " ").trim();
}
