import type { NodeRequest } from "../server/node-handler.js";
import { isReserved } from "./reserved-metadata.js";

const METADATA_HEADER = /^grpc-metadata-(?<name>[\w.-]+)$/;

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
