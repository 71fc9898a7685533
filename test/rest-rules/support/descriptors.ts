import {
  createFileRegistry,
  createRegistry,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
} from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";

import { file_google_api_annotations, http } from "../../../gen/google/api/annotations_pb.js";

const IMPORTS = [
  file_google_api_annotations,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

/** What a file of descriptors holds besides its header, as JSON of a FileDescriptorProto. */
export interface TestFile {
  readonly messageType: JsonObject[];
  readonly enumType?: JsonObject[];
  readonly service?: JsonObject[];
}

/** An enum of the descriptors. */
export const COLOR: JsonObject = {
  name: "Color",
  value: [
    { name: "COLOR_UNSPECIFIED", number: 0 },
    { name: "COLOR_RED", number: 1 },
    { name: "COLOR_BLUE", number: 5 },
  ],
};

/** Descriptors of the package `test`, made without a compiler. */
export function testDescriptors(file: TestFile) {
  const proto = fromJson(
    FileDescriptorProtoSchema,
    {
      name: "test.proto",
      package: "test",
      syntax: "proto3",
      dependency: IMPORTS.map(({ proto: { name } }) => name),
      enumType: [],
      service: [],
      ...file,
    },
    { registry: createRegistry(http) },
  );
  return createFileRegistry(proto, (name) => IMPORTS.find((one) => one.proto.name === name));
}

/** A message of the descriptors. */
export function testMessage(file: TestFile, name: string): DescMessage {
  const message = testDescriptors(file).getMessage(`test.${name}`);
  if (message === undefined) {
    throw new Error(`there is no message ${name}`);
  }
  return message;
}

/** An RPC with this rule, whose request has these fields. */
export function testMethod(
  rule: JsonObject | undefined,
  requestFields: JsonObject[],
  more: Partial<TestFile> & {
    readonly nestedType?: JsonObject[];
    readonly oneofDecl?: JsonObject[];
    readonly method?: JsonObject;
  } = {},
): DescMethod {
  const method = {
    name: "Call",
    inputType: ".test.Request",
    outputType: ".test.Request",
    ...(rule && { options: { "[google.api.http]": rule } }),
    ...more.method,
  };
  const registry = testDescriptors({
    enumType: more.enumType ?? [],
    messageType: [
      {
        name: "Request",
        field: requestFields,
        nestedType: more.nestedType ?? [],
        oneofDecl: more.oneofDecl ?? [],
      },
      ...(more.messageType ?? []),
    ],
    service: [{ name: "Service", method: [method] }],
  });
  const rpc = registry.getService("test.Service")?.methods[0];
  if (rpc === undefined) {
    throw new Error("there is no method");
  }
  return rpc;
}

/** A field of a message. The type is a scalar's name, or a message's or enum's full name. */
export function field(
  name: string,
  number: number,
  type: string,
  options: {
    readonly repeated?: boolean;
    readonly isEnum?: boolean;
    readonly more?: JsonObject;
  } = {},
): JsonObject {
  const named = options.isEnum ? "TYPE_ENUM" : "TYPE_MESSAGE";
  return {
    name,
    number,
    jsonName: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    label: options.repeated ? "LABEL_REPEATED" : "LABEL_OPTIONAL",
    ...(type.includes(".")
      ? { type: named, typeName: type }
      : { type: `TYPE_${type.toUpperCase()}` }),
    ...options.more,
  };
}
