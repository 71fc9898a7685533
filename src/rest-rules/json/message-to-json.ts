import { type DescMessage, type JsonValue, type MessageShape, toJson } from "@bufbuild/protobuf";

import { encodeBase64 } from "./base64.js";
import { mayHoldBytes } from "./bytes-in-messages.js";
import { HeldBytes } from "./held-bytes.js";
import { replaceBytesInJson } from "./replace-in-json.js";
import { replaceBytesInMessage } from "./replace-in-message.js";

/** How to write a message. */
export interface MessageToJsonOptions {
  /**
   * Whether to write fields that are unset too, as `""`, `0`, `false`, `[]` and `{}`, except those
   * that have no such value: `optional` ones, messages and those of a oneof.
   *
   * @default true
   */
  readonly emitUnpopulated?: boolean;
}

/**
 * The JSON of a message, as protobuf-es's `toJson` gives it, but with its bytes encoded natively.
 *
 * @throws Error where a value does not fit its field.
 */
export function messageToJson<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  { emitUnpopulated = true }: MessageToJsonOptions = {},
): JsonValue {
  const options = { alwaysEmitImplicit: emitUnpopulated };
  if (!mayHoldBytes(schema)) {
    return toJson(schema, message, options);
  }
  const held = new HeldBytes<Uint8Array>();
  const light = replaceBytesInMessage(schema, message, (bytes) => held.hold(bytes));
  return replaceBytesInJson(schema, toJson(schema, light, options), (ticket) =>
    encodeBase64(held.redeemText(ticket)),
  );
}
