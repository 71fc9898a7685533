import { Metadata } from "@grpc/grpc-js";

/** Headers as gRPC's metadata. */
export function metadataFromHeaders(headers: HeadersInit | undefined): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of new Headers(headers)) {
    metadata.add(name, name.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
}

/** gRPC's metadata as headers. */
export function headersFromMetadata(metadata: Metadata | null | undefined): Headers {
  const headers = new Headers();
  for (const name of Object.keys(metadata?.getMap() ?? {})) {
    for (const value of metadata?.get(name) ?? []) {
      headers.append(name, typeof value === "string" ? value : value.toString("base64"));
    }
  }
  return headers;
}
