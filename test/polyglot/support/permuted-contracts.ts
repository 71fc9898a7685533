import { clone, type DescFile, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { ProcessService } from "../../../src/gen.js";

/** The contract as a server may have it: our names under other numbers, or in another package. */
export interface PermutedContract {
  /** What is other than ours. */
  readonly title: string;
  /** A FileDescriptorSet with all that the contract imports. */
  readonly descriptorSet: Uint8Array;
}

// A field of a message, or a value of an enum.
interface Numbered {
  name: string;
  number: number;
}

/** The fields of each message and the values of each enum, by the name without the package. */
interface Numbers {
  readonly fields: ReadonlyMap<string, readonly Numbered[]>;
  readonly values: ReadonlyMap<string, readonly Numbered[]>;
}

const PACKAGE = ProcessService.file.proto.package;

/** Our contract. */
export const OUR_CONTRACT = descriptorSet(ourFiles());

/** Numbers that a server of the same names could well have. */
export const VARIANTS: readonly PermutedContract[] = [
  renumbered("two fields of Process exchanged", ({ fields }) =>
    exchange(pick(fields, "Process", "state"), pick(fields, "Process", "exit_code")),
  ),
  renumbered("enum values reversed", ({ values }) => {
    for (const group of values.values()) {
      reverse(group.filter(({ number }) => number !== 0));
    }
  }),
  renumbered("fields of Process from 5 on shifted by one", ({ fields }) => {
    for (const field of group(fields, "Process")) {
      field.number += field.number >= 5 ? 1 : 0;
    }
  }),
  renumbered("all field numbers reversed", ({ fields }) => {
    for (const group of fields.values()) {
      reverse(group);
    }
  }),
  inPackage("com.example.sandbox.v2"),
];

/** Every exchange of two fields of a message, or of two values of an enum. */
export function exchanges(): PermutedContract[] {
  return single((title, of, group) =>
    group.flatMap(({ name }, index) =>
      group.slice(index + 1).map((other) =>
        renumbered(`${title}: ${name} and ${other.name} exchanged`, (numbers) => {
          exchange(pick(of(numbers), title, name), pick(of(numbers), title, other.name));
        }),
      ),
    ),
  );
}

/** Every move of one field, or of one value of an enum but the first, to a number that none has. */
export function moves(): PermutedContract[] {
  return single((title, of, group) => {
    const unused = Math.max(...group.map(({ number }) => number)) + 1;
    return group
      .filter(({ number }) => number !== 0)
      .map(({ name }) =>
        renumbered(`${title}: ${name} moved to ${unused}`, (numbers) => {
          pick(of(numbers), title, name).number = unused;
        }),
      );
  });
}

function single(
  make: (
    title: string,
    of: (numbers: Numbers) => Numbers["fields"],
    group: readonly Numbered[],
  ) => PermutedContract[],
): PermutedContract[] {
  const ours = numbersOf(ourFiles());
  const kinds = [({ fields }: Numbers) => fields, ({ values }: Numbers) => values];
  return kinds.flatMap((of) => [...of(ours)].flatMap(([title, group]) => make(title, of, group)));
}

function renumbered(title: string, change: (numbers: Numbers) => void): PermutedContract {
  const files = ourFiles();
  change(numbersOf(files));
  for (const { values } of enumsOf(files)) {
    // The first value of proto3 has the number 0.
    values.sort((one, other) => one.number - other.number);
  }
  return { title, descriptorSet: descriptorSet(files) };
}

function inPackage(name: string): PermutedContract {
  const moved = (path: string) =>
    path.replace(`${PACKAGE.replaceAll(".", "/")}/`, `${name.replaceAll(".", "/")}/`);
  const renamed = (type: string) => type.replace(`.${PACKAGE}.`, `.${name}.`);
  const files = ourFiles();
  for (const file of files.filter((file) => file.package === PACKAGE)) {
    file.package = name;
    file.name = moved(file.name);
    file.dependency = file.dependency.map(moved);
    for (const field of messagesOf([file], { entries: true }).flatMap(({ fields }) => fields)) {
      field.typeName = renamed(field.typeName);
    }
    for (const method of file.service.flatMap((service) => service.method)) {
      method.inputType = renamed(method.inputType);
      method.outputType = renamed(method.outputType);
    }
  }
  return { title: "another package name", descriptorSet: descriptorSet(files) };
}

function exchange(one: Numbered, other: Numbered): void {
  [one.number, other.number] = [other.number, one.number];
}

function reverse(group: readonly Numbered[]): void {
  const numbers = group.map(({ number }) => number).reverse();
  for (const [index, item] of group.entries()) {
    item.number = numbers[index] ?? item.number;
  }
}

function pick(groups: Numbers["fields"], title: string, name: string): Numbered {
  const found = group(groups, title).find((item) => item.name === name);
  if (found === undefined) {
    throw new Error(`${title} has no ${name}`);
  }
  return found;
}

function group(groups: Numbers["fields"], title: string): readonly Numbered[] {
  const found = groups.get(title);
  if (found === undefined) {
    throw new Error(`the contract has no ${title}`);
  }
  return found;
}

function numbersOf(files: readonly FileDescriptorProto[]): Numbers {
  const ours = files.filter((file) => file.package === PACKAGE);
  return {
    fields: new Map(messagesOf(ours).map(({ title, fields }) => [title, fields])),
    values: new Map(enumsOf(ours).map(({ title, values }) => [title, values])),
  };
}

type Messages = FileDescriptorProto["messageType"];

function messagesOf(files: readonly FileDescriptorProto[], { entries = false } = {}) {
  const nested = (messages: Messages, prefix: string): { title: string; message: Messages[0] }[] =>
    messages.flatMap((message) => {
      const title = `${prefix}${message.name}`;
      return [{ title, message }, ...nested(message.nestedType, `${title}.`)];
    });
  return files
    .flatMap((file) => nested(file.messageType, ""))
    .filter(({ message }) => entries || message.options?.mapEntry !== true)
    .map(({ title, message }) => ({ title, fields: message.field, enums: message.enumType }));
}

function enumsOf(files: readonly FileDescriptorProto[]) {
  const inMessages = messagesOf(files).flatMap(({ title, enums }) =>
    enums.map(({ name, value }) => ({ title: `${title}.${name}`, values: value })),
  );
  const outside = files.flatMap((file) =>
    file.enumType.map(({ name, value }) => ({ title: name, values: value })),
  );
  return [...outside, ...inMessages];
}

function ourFiles(): FileDescriptorProto[] {
  const files = new Map<string, FileDescriptorProto>();
  const add = (file: DescFile) => {
    if (!files.has(file.name)) {
      for (const dependency of file.dependencies) {
        add(dependency);
      }
      files.set(file.name, clone(FileDescriptorProtoSchema, file.proto));
    }
  };
  add(ProcessService.file);
  return [...files.values()];
}

function descriptorSet(file: FileDescriptorProto[]): Uint8Array {
  return toBinary(FileDescriptorSetSchema, { $typeName: FileDescriptorSetSchema.typeName, file });
}
