import { type DescMessage, fromJson, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";

import { FieldValueError } from "../field-values.js";
import { decodeBase64 } from "./base64.js";
import { mayHoldBytes } from "./bytes-in-messages.js";
import { HeldBytes } from "./held-bytes.js";
import { replaceBytesInJson } from "./replace-in-json.js";
import { replaceBytesInMessage } from "./replace-in-message.js";

const TYPE_OF_ERROR = /^cannot decode (?:message |enum )?(?<type>[\w.]+) from JSON/;

/**
 * Reads a message from JSON as protobuf-es's `fromJson` does, but with its bytes decoded natively.
 * Fields and names of enum values that are not known are ignored. Bytes may be standard or URL-safe
 * base64, with or without padding.
 *
 * @throws FieldValueError for a value of another type than its field's, or out of its range, for a
 * field under both of its names, and for bytes that are no base64.
 */
export function messageFromJson<Desc extends DescMessage>(
  schema: Desc,
  json: JsonValue,
): MessageShape<Desc> {
  if (!mayHoldBytes(schema)) {
    return read(schema, json);
  }
  const held = new HeldBytes<Uint8Array>();
  const light = replaceBytesInJson(schema, json, (text, path) => {
    const bytes = decodeBase64(text);
    if (bytes === undefined) {
      throw new FieldValueError(path, "is not base64");
    }
    return held.holdAsText(bytes);
  });
  return replaceBytesInMessage(schema, read(schema, light), (ticket) => held.redeem(ticket));
}

function read<Desc extends DescMessage>(schema: Desc, json: JsonValue): MessageShape<Desc> {
  try {
    return fromJson(schema, json, { ignoreUnknownFields: true });
  } catch (error) {
    // The cause is left out: it shows the value, which can be a secret.
    throw new FieldValueError(
      fieldOf(schema, error),
      "has another type in JSON, is out of range, or is named twice",
    );
  }
}

// The field, or the type of a message or enum inside it: more is not told.
function fieldOf({ typeName }: DescMessage, error: unknown): string {
  const { cause, message } = error instanceof Error ? error : new Error();
  if (isFieldError(cause)) {
    return cause.field().name;
  }
  return TYPE_OF_ERROR.exec(message)?.groups?.["type"] ?? typeName;
}
