import type { DescFile } from "@bufbuild/protobuf";
import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/** Descriptors of files, to be found by what is in them. */
export class DescriptorIndex {
  readonly #byName = new Map<string, FileDescriptorProto>();
  readonly #bySymbol = new Map<string, FileDescriptorProto>();
  /** For each message: the files of its extensions, by their numbers. */
  readonly #extensions = new Map<string, Map<number, FileDescriptorProto>>();

  /** Of files of the same name, the first one counts; of symbols likewise. */
  constructor(files: Iterable<FileDescriptorProto>) {
    for (const file of files) {
      if (!this.#byName.has(file.name)) {
        this.#byName.set(file.name, file);
        this.#addSymbols(file);
      }
    }
  }

  /** The file of this name, such as `google/api/http.proto`. */
  file(name: string): FileDescriptorProto | undefined {
    return this.#byName.get(name);
  }

  /** The file that declares this full name, of a message, a field, an enum, a method, whatever. */
  fileOfSymbol(symbol: string): FileDescriptorProto | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** The file that extends this message by this number. */
  fileOfExtension(message: string, number: number): FileDescriptorProto | undefined {
    return this.#extensions.get(message)?.get(number);
  }

  /** The numbers of a message's extensions, sorted; undefined where there is no such message. */
  extensionNumbers(message: string): number[] | undefined {
    const files = this.#extensions.get(message);
    return files && [...files.keys()].sort((a, b) => a - b);
  }

  #addSymbols(file: FileDescriptorProto): void {
    for (const { prefix, names, messages, extensions } of scopesOf(file)) {
      for (const { name } of names) {
        if (!this.#bySymbol.has(prefix + name)) {
          this.#bySymbol.set(prefix + name, file);
        }
      }
      for (const { name } of messages) {
        this.#extensionsOf(prefix + name);
      }
      for (const { extendee, number } of extensions) {
        this.#extensionsOf(extendee.replace(/^\./, "")).set(number, file);
      }
    }
  }

  #extensionsOf(message: string): Map<number, FileDescriptorProto> {
    const files = this.#extensions.get(message) ?? new Map<number, FileDescriptorProto>();
    this.#extensions.set(message, files);
    return files;
  }
}

/** A file and all that it imports. */
export function withImports(file: DescFile): FileDescriptorProto[] {
  const files = new Set([file]);
  for (const each of files) {
    for (const imported of each.dependencies) {
      files.add(imported);
    }
  }
  return [...files].map(({ proto }) => proto);
}

/** What is declared in one scope: a package, a message or a service. */
interface Scope {
  /** What the full names of what is in it begin with. */
  readonly prefix: string;
  readonly names: readonly { readonly name: string }[];
  readonly messages: readonly DescriptorProto[];
  readonly extensions: readonly FieldDescriptorProto[];
}

function* scopesOf(file: FileDescriptorProto): Generator<Scope> {
  const prefix = file.package === "" ? "" : `${file.package}.`;
  const { messageType: messages, enumType: enums, extension: extensions, service: services } = file;
  yield* scopesIn({ prefix, names: withValues(enums, services), messages, extensions });
  for (const { name, method: names } of services) {
    yield { prefix: `${prefix}${name}.`, names, messages: [], extensions: [] };
  }
}

function* scopesIn({ prefix, names, messages, extensions }: Scope): Generator<Scope> {
  yield { prefix, names: [...names, ...messages, ...extensions], messages, extensions };
  for (const { name, nestedType, enumType, extension, field, oneofDecl } of messages) {
    yield* scopesIn({
      prefix: `${prefix}${name}.`,
      names: withValues(enumType, [...field, ...oneofDecl]),
      messages: nestedType,
      extensions: extension,
    });
  }
}

/** As in C++, values are siblings of their enum (descriptor.proto, EnumValueDescriptorProto). */
function withValues(enums: readonly EnumDescriptorProto[], others: Scope["names"]): Scope["names"] {
  return [...others, ...enums, ...enums.flatMap(({ value }) => value)];
}
