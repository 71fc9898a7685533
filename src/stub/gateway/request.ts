import type { DescMessage, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ByteBlock } from "../../model/bytes.js";
import { FieldValueError } from "../../rest-rules/field-values.js";
import { readRequest } from "../../rest-rules/request.js";
import type { Route } from "../../rest-rules/router.js";
import type { NodeRequest } from "../server/node-handler.js";
import { MAX_UNKNOWN_BODY_BYTES, unknownCaller } from "../service/known-caller.js";

/** The largest body that is read, in bytes: 4 MiB, as grpc-go has it behind a gateway. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

// A proxy is sent the whole URL (RFC 9112, section 3.2.2), and any server has to understand it.
const ORIGIN = /^https?:\/\/[^/?#]*/i;

/**
 * The body of a request as JSON, whatever its content type says: curl's default is that of a form.
 * Undefined where it is empty.
 *
 * @throws ConnectError INVALID_ARGUMENT where it is no JSON; RESOURCE_EXHAUSTED where it is larger
 * than MAX_BODY_BYTES; CANCELED where the caller went away.
 */
export async function readJsonBody(
  request: NodeRequest,
  isKnown: boolean,
): Promise<JsonValue | undefined> {
  const bytes = await readBytes(request, isKnown);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.trim() === "" ? undefined : JSON.parse(text);
  } catch {
    // The cause is left out: it shows what is around the fault, which can be a secret.
    throw new ConnectError("the body is no JSON in UTF-8", Code.InvalidArgument);
  }
}

function readBytes(request: NodeRequest, isKnown: boolean): Promise<Buffer> {
  const most = isKnown ? MAX_BODY_BYTES : MAX_UNKNOWN_BODY_BYTES;
  return new Promise((resolve, reject) => {
    const block = new ByteBlock();
    const onData = (chunk: Buffer) => {
      if (block.length + chunk.length <= most) {
        block.append(chunk);
        return;
      }
      // What still comes is read and dropped: a caller that is not read from does not read either.
      block.clear();
      request.off("data", onData).resume();
      const message = `the body is larger than ${MAX_BODY_BYTES} bytes`;
      reject(isKnown ? new ConnectError(message, Code.ResourceExhausted) : unknownCaller());
    };
    request.on("data", onData);
    request.once("end", () => resolve(block.bytes));
    request.once("close", () => reject(new ConnectError("the caller went away", Code.Canceled)));
  });
}

/** The route of a request that a rule was found for. */
export type FoundRoute = Route & { readonly kind: "found" };

/**
 * Reads the message of a request: path, query and body.
 *
 * @throws ConnectError INVALID_ARGUMENT for what does not fit its field, and as readJsonBody does.
 */
export async function readRequestMessage(
  { rule, pathValues }: FoundRoute,
  query: string,
  request: NodeRequest,
  isKnown: boolean,
): Promise<MessageShape<DescMessage>> {
  const hasBody = rule.body.kind !== "none";
  const body = hasBody ? await readJsonBody(request, isKnown) : undefined;
  try {
    return readRequest(rule, { pathValues, query, body });
  } catch (error) {
    if (error instanceof FieldValueError || error instanceof URIError) {
      throw new ConnectError(error.message, Code.InvalidArgument);
    }
    throw error;
  }
}

/** What a request is for. */
export interface RequestTarget {
  /** The path, percent-encoded. */
  readonly path: string;
  /** The query, percent-encoded, without its question mark. */
  readonly query: string;
}

/** The target of a request, whose URL can be a path or absolute. */
export function requestTarget({ url = "" }: NodeRequest): RequestTarget {
  const [path = "", ...query] = url.replace(ORIGIN, "").split("?");
  return { path, query: query.join("?") };
}
