import { clone, create, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { file_ai_h2o_engine_sandbox_v1_process as processFile } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { file_ai_h2o_engine_sandbox_v1_process_service as serviceFile } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";

/** What to change in our descriptors. */
export interface Changes {
  message?(message: DescriptorProto): void;
  enum?(each: EnumDescriptorProto): void;
  service?(service: ServiceDescriptorProto): void;
  readonly package?: string;
}

/** The bytes of a FileDescriptorSet of our two files, changed. Google's, which they import, are left out. */
export function setWith(changes: Changes): Uint8Array {
  const file = [processFile, serviceFile].map(({ proto }) => {
    const copy = clone(FileDescriptorProtoSchema, proto);
    const moved = (typeName: string) =>
      typeName.replace(`.${proto.package}.`, `.${changes.package ?? proto.package}.`);
    copy.package = changes.package ?? proto.package;
    for (const service of copy.service) {
      changes.service?.(service);
    }
    for (const method of copy.service.flatMap((service) => service.method)) {
      method.inputType = moved(method.inputType);
      method.outputType = moved(method.outputType);
    }
    visit(copy.messageType, copy.enumType, moved);
    return copy;
  });
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));

  function visit(
    messages: DescriptorProto[],
    enums: EnumDescriptorProto[],
    moved: (typeName: string) => string,
  ): void {
    for (const each of enums) {
      changes.enum?.(each);
    }
    for (const message of messages) {
      if (!message.options?.mapEntry) {
        changes.message?.(message);
      }
      for (const field of message.field) {
        field.typeName = moved(field.typeName);
      }
      visit(message.nestedType, message.enumType, moved);
    }
  }
}

/** All numbers of fields and of enum values, exchanged. */
export const reversed = {
  message({ field }: DescriptorProto) {
    const numbers = field.map(({ number }) => number).reverse();
    field.forEach((each, i) => {
      each.number = numbers[i] ?? 0;
    });
  },
  enum({ value }: EnumDescriptorProto) {
    const numbers = value.map(({ number }) => number).reverse();
    value.forEach((each, i) => {
      each.number = numbers[i] ?? 0;
    });
    value.reverse();
  },
};
