import { create, type JsonObject, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { isJsonObject } from "../../rest-rules/json.js";
import { encodeBase64, messageToJson } from "./message-to-json.js";

// The types with a JSON of their own, which google/protobuf/any.proto puts into a field `value`, where
// that JSON can be an object.
const JSON_IS_VALUE = new Set(
  ["Any", "Empty", "Struct", "Value"].map((name) => `google.protobuf.${name}`),
);

type ErrorDetail = ConnectError["details"][number];

/** An error as the JSON of a google.rpc.Status. */
export function statusOf({ code, rawMessage, details }: ConnectError): JsonObject {
  return { code, message: rawMessage, details: details.map(detailOf) };
}

/** A google.protobuf.Any in JSON: with its fields where they are known, else with its bytes. */
function detailOf(detail: ErrorDetail): JsonObject {
  if ("desc" in detail) {
    const { desc, value } = detail;
    const message = create(desc, value);
    try {
      return any(desc.typeName, messageToJson(desc, message));
    } catch {
      // A Timestamp out of its range, an Any of an unknown type: the error is told all the same.
      return any(desc.typeName, encodeBase64(toBinary(desc, message)));
    }
  }
  return any(detail.type, detail.debug ?? encodeBase64(detail.value));
}

function any(typeName: string, json: JsonValue): JsonObject {
  const type = { "@type": `type.googleapis.com/${typeName}` };
  // The fields of a Struct are its value, and could be named "@type" themselves.
  return isJsonObject(json) && !JSON_IS_VALUE.has(typeName)
    ? { ...json, ...type }
    : { ...type, value: json };
}

/** The HTTP status of an error, by grpc-gateway's table (runtime/errors.go). */
export function httpStatusOf(code: Code): number {
  switch (code) {
    case Code.InvalidArgument:
    case Code.FailedPrecondition:
    case Code.OutOfRange:
      return 400;
    case Code.Unauthenticated:
      return 401;
    case Code.PermissionDenied:
      return 403;
    case Code.NotFound:
      return 404;
    case Code.AlreadyExists:
    case Code.Aborted:
      return 409;
    case Code.ResourceExhausted:
      return 429;
    case Code.Canceled:
      return 499;
    case Code.Unknown:
    case Code.Internal:
    case Code.DataLoss:
      return 500;
    case Code.Unimplemented:
      return 501;
    case Code.Unavailable:
      return 503;
    case Code.DeadlineExceeded:
      return 504;
  }
}
