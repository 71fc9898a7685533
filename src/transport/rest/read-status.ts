import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { isJsonObject } from "../../http-rules/json/json-object.js";

type Detail = Extract<ConnectError["details"][number], { type: string }>;

// Of a detail only the JSON is known, which cannot be made bytes without its schema. These are no
// message's, so that `findDetails` does not take it for an empty one.
const NO_MESSAGE = Uint8Array.of(0);

/**
 * Reads an error of grpc-gateway: the JSON of a google.rpc.Status, by itself or as the field
 * `error`, as it is in streams.
 *
 * @returns undefined if the JSON is something else.
 */
export function readStatus(json: JsonValue, metadata: Headers): ConnectError | undefined {
  const status = isJsonObject(json) && isJsonObject(json["error"]) ? json["error"] : json;
  if (!isJsonObject(status)) {
    return undefined;
  }
  const { code, message = "", details } = status;
  if (typeof code !== "number" || !isErrorCode(code) || typeof message !== "string") {
    return undefined;
  }
  const error = new ConnectError(message, code, metadata);
  error.details = Array.isArray(details) ? details.flatMap(readDetail) : [];
  return error;
}

// Not 0, OK: there is an error. Other APIs give HTTP's status as `code`.
function isErrorCode(code: number): code is Code {
  return Code[code] !== undefined;
}

function readDetail(json: JsonValue): Detail[] {
  if (!isJsonObject(json) || typeof json["@type"] !== "string") {
    return [];
  }
  const { "@type": url, ...debug } = json;
  return [{ type: url.slice(url.lastIndexOf("/") + 1), value: NO_MESSAGE, debug }];
}
