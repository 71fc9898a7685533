import type { DescMessage, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { FieldValueError } from "../../rest-rules/field-values.js";
import { isJsonObject, messageFromJson } from "../../rest-rules/json.js";

/**
 * Parses bytes of an answer.
 *
 * @returns undefined if they are no JSON. Why is not told: the error of JSON.parse shows a part of
 *   the text, which may be a process's environment.
 */
export function parseJson(bytes: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch {
    return undefined;
  }
}

/**
 * Makes the message of an answer's JSON; fields that are not known are ignored.
 *
 * @throws ConnectError Internal if that cannot be.
 */
export function answerMessage<O extends DescMessage>(
  schema: O,
  json: JsonValue | undefined,
): MessageShape<O> {
  if (!isJsonObject(json)) {
    throw unreadable(json === undefined ? "it is no JSON" : "its JSON is no object");
  }
  try {
    return messageFromJson(schema, json);
  } catch (error) {
    throw unreadable(error instanceof FieldValueError ? error.message : "its JSON is another");
  }
}

/** The error of an answer that the server means well, and that cannot be understood. */
export function unreadable(why: string): ConnectError {
  return new ConnectError(`the server's answer cannot be read: ${why}`, Code.Internal);
}
