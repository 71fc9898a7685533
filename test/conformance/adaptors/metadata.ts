import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AnySchema } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import type { ErrorSchema, Header, HeaderSchema } from "#suite/service_pb.js";

const TYPE_PREFIX = "type.googleapis.com/";

/** Adds the suite's headers to those of a request or a response. */
export function appendHeaders(headers: Headers, added: readonly Header[] = []): void {
  for (const { name, value } of added) {
    for (const item of value) {
      headers.append(name, item);
    }
  }
}

/** Headers, or the parameters of a query, as the suite takes them. */
export function toHeaders(
  entries: Iterable<[string, string]>,
): MessageInitShape<typeof HeaderSchema>[] {
  return [...entries].map(([name, value]) => ({ name, value: [value] }));
}

/** An error as the suite takes it. What is none of an RPC becomes Unknown. */
export function toError(thrown: unknown): MessageInitShape<typeof ErrorSchema> {
  const { code, rawMessage, details } = ConnectError.from(thrown);
  return { code: Number(code), message: rawMessage, details: details.map(toAny) };
}

function toAny(detail: ConnectError["details"][number]): MessageInitShape<typeof AnySchema> {
  if (!("type" in detail)) {
    throw new TypeError("an error that came from a server has details that were never sent");
  }
  return { typeUrl: TYPE_PREFIX + detail.type, value: detail.value };
}
