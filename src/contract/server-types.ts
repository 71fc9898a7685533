import type {
  DescriptorProto,
  EnumDescriptorProto,
  FileDescriptorProto,
  ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/** The types of a server, by their full names, as its descriptors tell them. */
export class ServerTypes {
  readonly messages = new Map<string, DescriptorProto>();
  readonly enums = new Map<string, EnumDescriptorProto>();
  readonly services = new Map<string, ServiceDescriptorProto>();

  constructor(files: Iterable<FileDescriptorProto>) {
    for (const file of files) {
      const prefix = file.package === "" ? "" : `${file.package}.`;
      for (const service of file.service) {
        this.services.set(prefix + service.name, service);
      }
      this.#add(prefix, file.messageType, file.enumType);
    }
  }

  #add(
    prefix: string,
    messages: readonly DescriptorProto[],
    enums: readonly EnumDescriptorProto[],
  ): void {
    for (const each of enums) {
      this.enums.set(prefix + each.name, each);
    }
    for (const message of messages) {
      this.messages.set(prefix + message.name, message);
      this.#add(`${prefix}${message.name}.`, message.nestedType, message.enumType);
    }
  }
}
