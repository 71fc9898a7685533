import type { UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";

const TEXT_TYPE = /^application\/grpc-web-text(?=$|[+;])/i;

/**
 * The same request in gRPC-Web's binary form, where it has the form in base64, which pages of older
 * browsers use; undefined where it does not.
 */
export function fromGrpcWebText(
  request: UniversalServerRequest,
): UniversalServerRequest | undefined {
  const type = request.header.get("content-type") ?? "";
  if (!TEXT_TYPE.test(type) || !isBytes(request.body)) {
    return undefined;
  }
  const header = new Headers(request.header);
  header.set("content-type", type.replace(TEXT_TYPE, "application/grpc-web"));
  return { ...request, header, body: decode(request.body) };
}

/** The answer in base64. */
export function toGrpcWebText(answer: UniversalServerResponse): UniversalServerResponse {
  const header = new Headers(answer.header);
  const type = header.get("content-type") ?? "";
  header.set("content-type", type.replace(/^application\/grpc-web/i, "$&-text"));
  return { ...answer, header, ...(answer.body !== undefined && { body: encode(answer.body) }) };
}

function isBytes(body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** Padding may come in the middle, at the end of any piece that was encoded by itself. */
async function* decode(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = "";
  for await (const chunk of body) {
    const text = left + Buffer.from(chunk).toString("latin1");
    const whole = text.length - (text.length % 4);
    left = text.slice(whole);
    for (const [piece] of text.slice(0, whole).matchAll(/[^=]+=*/g)) {
      yield Buffer.from(piece, "base64");
    }
  }
}

async function* encode(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield Buffer.from(Buffer.from(chunk).toString("base64"), "latin1");
  }
}
