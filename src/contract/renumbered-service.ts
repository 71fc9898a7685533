import {
  clone,
  createFileRegistry,
  type DescFile,
  type DescMethod,
  type DescService,
} from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  EnumValueDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { MAX_FIELD_NUMBER, type Pairing } from "./pairing.js";

/** Our service with other numbers, and under another name. */
export function renumberedService(typeName: string, pairing: Pairing): DescService {
  const files = new Map<string, FileDescriptorProto>();
  const dependencies = new Map<string, DescFile>();
  addFile(ProcessService.file);
  const root = files.get(ProcessService.file.proto.name);
  const registry =
    root && createFileRegistry(root, (name) => files.get(name) ?? dependencies.get(name));
  const service = registry?.getService(ProcessService.typeName);
  if (!service) {
    throw new Error(`${ProcessService.typeName} is not in its own file`);
  }
  return renamed(service, typeName);

  function addFile(file: DescFile): void {
    // Those of google have the same numbers everywhere.
    if (file.proto.package !== ProcessService.file.proto.package) {
      dependencies.set(file.proto.name, file);
    } else if (!files.has(file.proto.name)) {
      files.set(file.proto.name, renumbered(file, pairing));
    }
    file.dependencies.forEach(addFile);
  }
}

function renumbered(file: DescFile, { messages, enums }: Pairing): FileDescriptorProto {
  const copy = clone(FileDescriptorProtoSchema, file.proto);
  const prefix = `${copy.package}.`;
  copy.messageType.forEach((message) => {
    renumberMessage(prefix, message);
  });
  copy.enumType.forEach((each) => {
    renumberEnum(prefix, each);
  });
  return copy;

  function renumberMessage(scope: string, message: DescriptorProto): void {
    const numbers = messages.get(scope + message.name)?.numbers;
    const taken = new Set(numbers?.values());
    let unused = MAX_FIELD_NUMBER;
    for (const field of numbers ? message.field : []) {
      const number = numbers?.get(field.name);
      while (taken.has(unused)) {
        unused -= 1;
      }
      // What the server does not have is never set, and never comes.
      field.number = number ?? unused--;
    }
    const inner = `${scope}${message.name}.`;
    message.nestedType.forEach((each) => {
      renumberMessage(inner, each);
    });
    message.enumType.forEach((each) => {
      renumberEnum(inner, each);
    });
  }

  function renumberEnum(scope: string, each: EnumDescriptorProto): void {
    const theirs = enums.get(scope + each.name)?.descriptor;
    if (theirs) {
      // All of them: the first one is what an unset field reads as.
      each.value = theirs.value.map((value) => clone(EnumValueDescriptorProtoSchema, value));
    }
  }
}

function renamed(service: DescService, typeName: string): DescService {
  const methods: DescMethod[] = [];
  const copy = { ...service, typeName, methods, method: {} as Record<string, DescMethod> };
  for (const method of service.methods) {
    const moved = { ...method, parent: copy };
    methods.push(moved);
    copy.method[method.localName] = moved;
  }
  return copy;
}
