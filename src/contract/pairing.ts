import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import type { ServerTypes } from "./server-types.js";

/** What a server's contract says of one of our messages. */
export interface MessagePair {
  readonly ours: DescMessage;
  readonly theirs: string;
  /** The server's numbers, by the names of our fields. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Why a field cannot be used, by its name; without those that the server does not have. */
  readonly differing: ReadonlyMap<string, string>;
}

/** What a server's contract says of one of our enums. */
export interface EnumPair {
  readonly ours: DescEnum;
  readonly theirs: string;
  readonly descriptor: EnumDescriptorProto;
}

// The numbers that a field can have (protobuf's language guide, "Assigning Field Numbers").
export const MAX_FIELD_NUMBER = 2 ** 29 - 1;
const FIRST_RESERVED = 19_000;
const LAST_RESERVED = 19_999;
// The fields of the entry of a map.
const KEY = 1;
const VALUE = 2;

/**
 * Finds for each of our types the server's, by the names of fields, from the messages of a method on.
 * What they are called there is of no importance.
 */
export class Pairing {
  readonly messages = new Map<string, MessagePair>();
  readonly enums = new Map<string, EnumPair>();
  readonly #types: ServerTypes;

  constructor(types: ServerTypes) {
    this.#types = types;
  }

  /** @returns why the two cannot be one; undefined if they can. */
  pairMessage(ours: DescMessage, theirs: string): string | undefined {
    const before = this.messages.get(ours.typeName);
    if (before) {
      return before.theirs === theirs ? undefined : isTwo(ours, before.theirs, theirs);
    }
    const descriptor = this.#types.messages.get(theirs);
    if (!descriptor) {
      return `the server's contract has no message ${theirs}`;
    }
    const numbers = new Map<string, number>();
    const differing = new Map<string, string>();
    // Before its fields, which may hold the same message again.
    this.messages.set(ours.typeName, { ours, theirs, numbers, differing });
    for (const field of ours.fields) {
      const other = descriptor.field.find(({ name }) => name === field.name);
      if (other) {
        const why = wrongNumber(other, descriptor) ?? this.#pairField(field, other);
        if (why === undefined) {
          numbers.set(field.name, other.number);
        } else {
          differing.set(field.name, `the field ${field.name} of ${ours.name} ${why}`);
        }
      }
    }
    return undefined;
  }

  /** @returns how the two differ. */
  #pairField(ours: DescField, theirs: FieldDescriptorProto): string | undefined {
    const ourEntry = ownEntry(ours);
    const entry = this.#mapEntry(theirs);
    const differ = `is ${typeOf(ours.proto, ourEntry)} here, and ${typeOf(theirs, entry)} in the server's contract`;
    if (ourEntry && entry) {
      const hasSameTypes = [KEY, VALUE].every(
        (number) => member(ourEntry, number)?.type === member(entry, number)?.type,
      );
      return hasSameTypes ? this.#pairType(ours, member(entry, VALUE), differ) : differ;
    }
    const isSame =
      !ourEntry &&
      !entry &&
      ours.proto.type === theirs.type &&
      (ours.proto.label === Label.REPEATED) === (theirs.label === Label.REPEATED);
    return isSame ? this.#pairType(ours, theirs, differ) : differ;
  }

  #pairType(
    ours: DescField,
    theirs: FieldDescriptorProto | undefined,
    differ: string,
  ): string | undefined {
    const name = theirs?.typeName.replace(/^\./, "") ?? "";
    // The types that everybody has, such as Timestamp, have the same numbers everywhere.
    if (ours.message?.typeName.startsWith("google.")) {
      return ours.message.typeName === name ? undefined : differ;
    }
    const why = ours.message
      ? this.pairMessage(ours.message, name)
      : ours.enum && this.#pairEnum(ours.enum, name);
    return why === undefined ? undefined : `cannot be read: ${why}`;
  }

  #pairEnum(ours: DescEnum, theirs: string): string | undefined {
    const before = this.enums.get(ours.typeName);
    if (before) {
      return before.theirs === theirs ? undefined : isTwo(ours, before.theirs, theirs);
    }
    const descriptor = this.#types.enums.get(theirs);
    if (!descriptor) {
      return `the server's contract has no enum ${theirs}`;
    }
    const why = sameNumber(ours, descriptor);
    if (why === undefined) {
      this.enums.set(ours.typeName, { ours, theirs, descriptor });
    }
    return why;
  }

  #mapEntry(field: FieldDescriptorProto): DescriptorProto | undefined {
    const message = this.#types.messages.get(field.typeName.replace(/^\./, ""));
    return message?.options?.mapEntry ? message : undefined;
  }
}

function isTwo({ name }: DescMessage | DescEnum, before: string, theirs: string): string {
  return `${name} is ${before} in one place there, and ${theirs} in another`;
}

/** Two values of ours that cannot be told apart there (`allow_alias`). */
function sameNumber(ours: DescEnum, { value }: EnumDescriptorProto): string | undefined {
  const names = new Map<number, string>();
  for (const { name, number } of value.filter((each) =>
    ours.values.some((own) => own.name === each.name),
  )) {
    const before = names.get(number);
    if (before !== undefined) {
      return `${before} and ${name} have the same number ${number} in the server's contract`;
    }
    names.set(number, name);
  }
  return undefined;
}

function wrongNumber(
  { name, number }: FieldDescriptorProto,
  { field }: DescriptorProto,
): string | undefined {
  const isReserved = number >= FIRST_RESERVED && number <= LAST_RESERVED;
  if (!Number.isInteger(number) || number < 1 || number > MAX_FIELD_NUMBER || isReserved) {
    return `has the number ${number} in the server's contract, which no field can have`;
  }
  const other = field.find((each) => each.number === number && each.name !== name);
  return other && `has the number ${number} in the server's contract, as ${other.name} has`;
}

/** The type of the entries of a map field of ours. */
function ownEntry({ parent, proto }: DescField): DescriptorProto | undefined {
  const entry = parent.proto.nestedType.find(
    ({ name }) => proto.typeName === `.${parent.typeName}.${name}`,
  );
  return entry?.options?.mapEntry ? entry : undefined;
}

function member({ field }: DescriptorProto, number: number): FieldDescriptorProto | undefined {
  return field.find((each) => each.number === number);
}

function typeOf(field: FieldDescriptorProto, entry: DescriptorProto | undefined): string {
  if (!entry) {
    return `${field.label === Label.REPEATED ? "repeated " : ""}${singleType(field)}`;
  }
  return `map<${[KEY, VALUE].map((number) => singleType(member(entry, number))).join(", ")}>`;
}

function singleType(field: FieldDescriptorProto | undefined): string {
  const { typeName = "", type = 0 } = field ?? {};
  return typeName === ""
    ? (Type[type] ?? `type ${type}`).toLowerCase()
    : typeName.replace(/^\./, "");
}
