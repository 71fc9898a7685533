import type { NodeResponse } from "../server/node-handler.js";
import { isReserved } from "./reserved-metadata.js";

const NOT_IN_A_HEADER = /[^\x20-\x7e]+/g;

/** Shows the metadata of a service's answer as headers with the prefix `Grpc-Metadata-`. */
export function setMetadataHeaders(response: NodeResponse, metadata: Headers): void {
  response.setHeader("Grpc-Metadata-Content-Type", "application/grpc");
  metadata.forEach((value, key) => {
    if (!isReserved(key)) {
      response.setHeader(`Grpc-Metadata-${key}`, value);
    }
  });
}

/** Names what a caller without a valid token lacks: the message, as grpc-gateway does it. */
export function setChallenge(response: NodeResponse, message: string): void {
  response.setHeader("Www-Authenticate", message.replace(NOT_IN_A_HEADER, " ").trim());
}
