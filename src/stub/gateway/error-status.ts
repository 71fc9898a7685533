import { create, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { encodeBase64 } from "../../http-rules/json/base64.js";
import { isJsonObject } from "../../http-rules/json/json-object.js";
import { messageToJson } from "../../http-rules/json/message-to-json.js";

type ErrorDetail = ConnectError["details"][number];

/** What a caller is told of what was thrown: of what broke inside, no more than that. */
export function shownError(reason: unknown): ConnectError {
  return reason instanceof ConnectError
    ? reason
    : new ConnectError("internal error", Code.Internal, undefined, undefined, reason);
}

/** An error as the JSON of a google.rpc.Status. */
export function statusOf({ code, rawMessage, details }: ConnectError): JsonObject {
  return { code, message: rawMessage, details: details.map(detailOf) };
}

/** A google.protobuf.Any in JSON: with its fields where they are known, else with its bytes. */
function detailOf(detail: ErrorDetail): JsonObject {
  if ("desc" in detail) {
    const { desc, value } = detail;
    return any(desc.typeName, messageToJson(desc, create(desc, value)));
  }
  return any(detail.type, detail.debug ?? encodeBase64(detail.value));
}

function any(typeName: string, json: JsonValue): JsonObject {
  return {
    "@type": `type.googleapis.com/${typeName}`,
    ...(isJsonObject(json) ? json : { value: json }),
  };
}
