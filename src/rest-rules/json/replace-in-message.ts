import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { isReflectMessage, reflect, reflectList, reflectMap } from "@bufbuild/protobuf/reflect";

import { fieldMayHoldBytes } from "./bytes-in-messages.js";

/** Makes the bytes that take the place of others. */
export type ReplaceBytes = (bytes: Uint8Array) => Uint8Array;

/**
 * A copy of a message with other bytes in place of all that are not empty. What holds no bytes is
 * shared with the original.
 */
export function replaceBytesInMessage<Desc extends DescMessage>(
  schema: Desc,
  original: MessageShape<Desc>,
  replace: ReplaceBytes,
): MessageShape<Desc> {
  const message = create(schema);
  const source = reflect(schema, original, false);
  const target = reflect(schema, message, false);
  for (const field of schema.fields.filter((one) => source.isSet(one))) {
    if (!fieldMayHoldBytes(field)) {
      target.set(field, source.get(field));
    } else if (field.fieldKind === "list") {
      const list = reflectList(field, [], false);
      for (const item of source.get(field)) {
        list.add(replaceBytesInValue(item, replace));
      }
      target.set(field, list);
    } else if (field.fieldKind === "map") {
      const map = reflectMap(field, {}, false);
      for (const [key, value] of source.get(field)) {
        map.set(key, replaceBytesInValue(value, replace));
      }
      target.set(field, map);
    } else {
      target.set(field, replaceBytesInValue(source.get(field), replace));
    }
  }
  return message;
}

function replaceBytesInValue(value: unknown, replace: ReplaceBytes): unknown {
  if (value instanceof Uint8Array) {
    return value.length === 0 ? value : replace(value);
  }
  return isReflectMessage(value)
    ? reflect(value.desc, replaceBytesInMessage(value.desc, value.message, replace), false)
    : value;
}
