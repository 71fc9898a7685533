import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/**
 * Looks for a field in the bytes of a message that the contract does not have, or whose wire type is
 * another one there: such a field is unknown (Protocol Buffers, "Encoding"), but protobuf-es reads its
 * bytes as if they were of the type that it expects.
 *
 * @throws where the bytes are no message.
 */
export function strayFieldIn(schema: DescMessage, bytes: Uint8Array): string | undefined {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = schema.fields.find((each) => each.number === number);
    if (!field) {
      return `${schema.name} has a field with the number ${number}, which is none of this contract`;
    }
    if (wireType !== wireTypeOf(field)) {
      return `the field ${field.name} of ${schema.name} is encoded as ${WireType[wireType]}, which is not its type`;
    }
    const stray = inField(field, reader, wireType);
    if (stray !== undefined) {
      return stray;
    }
  }
  return undefined;
}

function inField(field: DescField, reader: BinaryReader, wireType: WireType): string | undefined {
  if (field.fieldKind === "map") {
    const entry = new BinaryReader(reader.bytes());
    while (entry.pos < entry.len) {
      const [number, type] = entry.tag();
      const isMessage = number === 2 && field.message !== undefined;
      if ((number !== 1 && number !== 2) || type !== WireType.LengthDelimited) {
        return `an entry of ${field.name} is none of this contract`;
      }
      const value = entry.bytes();
      const stray = isMessage ? strayFieldIn(field.message, value) : undefined;
      if (stray !== undefined) {
        return stray;
      }
    }
    return undefined;
  }
  if (field.message) {
    return strayFieldIn(field.message, reader.bytes());
  }
  reader.skip(wireType, field.number);
  return undefined;
}

/** The wire types that the fields of this contract have; none of its lists is packed. */
function wireTypeOf(field: DescField): WireType {
  if (field.fieldKind === "map" || field.message) {
    return WireType.LengthDelimited;
  }
  const isLong = field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
  return isLong ? WireType.LengthDelimited : WireType.Varint;
}
