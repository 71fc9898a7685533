import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { isJsonObject } from "../../rest-rules/json.js";
import { addJsonDetails } from "./json-details.js";

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
  addJsonDetails(error, Array.isArray(details) ? details : []);
  return error;
}

// Not 0, OK: there is an error. Other APIs give HTTP's status as `code`.
function isErrorCode(code: number): code is Code {
  return Code[code] !== undefined;
}
