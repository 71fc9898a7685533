import type { JsonObject } from "@bufbuild/protobuf";

import { COLOR, field, type TestFile } from "../../../rest-rules/support/descriptors.js";

const SCALARS = [
  "double",
  "float",
  "int64",
  "uint64",
  "int32",
  "fixed64",
  "fixed32",
  "bool",
  "string",
  "bytes",
  "uint32",
  "sfixed32",
  "sfixed64",
  "sint32",
  "sint64",
];
const WRAPPED = ["Bytes", "String", "Bool", "Int64", "Double"];

const color = { isEnum: true };
const inChoice = { more: { oneofIndex: 0 } };

/** One field of each scalar type, plain and repeated, and of others that are no messages of ours. */
const SIMPLE_FIELDS: JsonObject[] = [
  ...SCALARS.map((type, index) => field(`a_${type}`, index + 1, type)),
  ...SCALARS.map((type, index) => field(`some_${type}`, index + 21, type, { repeated: true })),
  ...WRAPPED.map((type, index) =>
    field(`maybe_${type.toLowerCase()}`, index + 41, `.google.protobuf.${type}Value`),
  ),
  field("color", 51, ".test.Color", color),
  field("some_colors", 52, ".test.Color", { ...color, repeated: true }),
  field("moment", 53, ".google.protobuf.Timestamp"),
  field("span", 54, ".google.protobuf.Duration"),
  field("chosen_text", 61, "string", inChoice),
  field("chosen_data", 62, "bytes", inChoice),
];

/** Everything that JSON can carry, with bytes in every place, and itself in itself. */
export const EVERYTHING: TestFile = {
  enumType: [COLOR],
  messageType: [
    {
      name: "Everything",
      oneofDecl: [{ name: "choice" }, { name: "_maybe_data" }, { name: "_maybe_number" }],
      field: [
        ...SIMPLE_FIELDS,
        field("chosen_self", 63, ".test.Everything", inChoice),
        field("chosen_bytes_value", 64, ".google.protobuf.BytesValue", inChoice),
        field("maybe_data", 71, "bytes", { more: { oneofIndex: 1, proto3Optional: true } }),
        field("maybe_number", 72, "int32", { more: { oneofIndex: 2, proto3Optional: true } }),
        field("self", 81, ".test.Everything"),
        field("some_selves", 82, ".test.Everything", { repeated: true }),
        field("some_bytes_values", 83, ".google.protobuf.BytesValue", { repeated: true }),
        field("data_by_text", 84, ".test.Everything.DataByTextEntry", { repeated: true }),
        field("self_by_number", 85, ".test.Everything.SelfByNumberEntry", { repeated: true }),
        field("data_by_flag", 86, ".test.Everything.DataByFlagEntry", { repeated: true }),
      ],
      nestedType: [
        entry("DataByTextEntry", "string", "bytes"),
        entry("SelfByNumberEntry", "int64", ".test.Everything"),
        entry("DataByFlagEntry", "bool", "bytes"),
      ],
    },
  ],
};

function entry(name: string, key: string, value: string): JsonObject {
  return {
    name,
    field: [field("key", 1, key), field("value", 2, value)],
    options: { mapEntry: true },
  };
}
