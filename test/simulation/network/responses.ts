import type { UniversalClientRequest, UniversalClientResponse } from "@connectrpc/connect/protocol";
import type { Random } from "../world/random.js";
import { Break, type BreakShape } from "./break-shapes.js";
import type { ProxyAnswer } from "./fates.js";

/** The bytes in the pieces in which they may arrive, wherever a message ends. */
export function pieces(random: Random, bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  const largest = Math.max(1, random.pick([3, 40, bytes.length]));
  let at = 0;
  while (at < bytes.length && found.length < 20) {
    const end = at + random.int(1, largest);
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return at < bytes.length ? [...found, bytes.subarray(at)] : found;
}

/** What a proxy answers in the server's place. */
export function proxyResponse({ status, retryAfter }: ProxyAnswer): UniversalClientResponse {
  const header = new Headers({ "content-type": "text/html" });
  if (retryAfter !== undefined) {
    header.set("retry-after", retryAfter);
  }
  return response(status, header, [Buffer.from("<h1>an error page</h1>")]);
}

/** What comes of a break before there is an answer: an error, or an answer without its end. */
export function brokenResponse(
  request: UniversalClientRequest,
  shape: BreakShape,
): UniversalClientResponse {
  const type = request.header.get("content-type");
  if (shape !== "no end") {
    throw new Break(shape);
  }
  // A unary answer of the Connect protocol has no mark of its end besides HTTP's.
  if (type === null || type === "application/proto") {
    throw new Break("fin");
  }
  return response(200, new Headers({ "content-type": type }), []);
}

/** A response with these pieces as its body. */
export function response(
  status: number,
  header: Headers,
  parts: readonly Uint8Array[],
  trailer = new Headers(),
): UniversalClientResponse {
  return { status, header, body: bodyOf(parts), trailer };
}

/** All bytes of a body. */
export async function readBody(body: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body ?? []) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function* bodyOf(parts: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* parts;
}
