import type { NodeRequest, NodeResponse } from "../server/node-handler.js";

const METADATA_HEADER = /^grpc-metadata-(?<name>[\w.-]+)$/;

// gRPC's metadata has none of them either. Headers take more than Node does, and than arrives.
const NOT_IN_A_HEADER = /[^\x20-\x7e]+/g;
// They belong to the protocols between caller, gateway and service. When to call again is the
// service's word (gRFC A6).
const RESERVED =
  /^(?:grpc-(?!retry-pushback-ms$).*|connect-.*|content-.*|accept|accept-.*|connection|te|host|date|trailer|transfer-encoding)$/;

/**
 * The metadata of a call: the request's authorization, and its `Grpc-Metadata-` headers without the
 * prefix.
 */
export function callHeaders({ headers }: NodeRequest): Headers {
  const metadata = new Headers();
  for (const [header, value = ""] of Object.entries(headers)) {
    const name = METADATA_HEADER.exec(header)?.groups?.["name"];
    if (name !== undefined && !isReserved(name)) {
      metadata.set(name, String(value));
    }
  }
  if (headers.authorization !== undefined) {
    metadata.set("authorization", headers.authorization);
  }
  return metadata;
}

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

/** Whether metadata of this name, in lower case, is not handed on by the gateway. */
function isReserved(name: string): boolean {
  return RESERVED.test(name);
}
