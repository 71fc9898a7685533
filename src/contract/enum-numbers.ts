import { clone, type DescField, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { EnumPair, Pairing } from "./pairing.js";

// Of every enum (protobuf's style guide): a value that says nothing.
const UNSPECIFIED = 0;

interface NumberMaps {
  readonly toTheirs: ReadonlyMap<number, number>;
  readonly toOurs: ReadonlyMap<number, number>;
}

/** Changes the numbers of enum values in messages, from ours to a server's and back. */
export class EnumNumbers {
  /** By the names of our enums; without those whose numbers are the same. */
  readonly #maps = new Map<string, NumberMaps>();
  readonly #hasChanges = new Map<DescMessage, boolean>();

  constructor({ enums }: Pairing) {
    for (const [typeName, pair] of enums) {
      const maps = mapsOf(pair);
      if (maps) {
        this.#maps.set(typeName, maps);
      }
    }
  }

  /** Which of our enums have other numbers at the server. */
  get changed(): readonly string[] {
    return [...this.#maps.keys()];
  }

  /**
   * A message with the server's numbers; the one given, where there is nothing to change.
   *
   * @param onMissing is told of a value that the server does not have.
   */
  toTheirs<T extends DescMessage>(
    schema: T,
    message: MessageShape<T>,
    onMissing: (field: DescField, value: number) => void,
  ): MessageShape<T> {
    if (!this.#isChanged(schema)) {
      return message;
    }
    const copy = clone(schema, message);
    this.#change(reflect(schema, copy, false), (field, value) => {
      const theirs = this.#maps.get(field.enum?.typeName ?? "")?.toTheirs.get(value);
      if (theirs === undefined && value !== UNSPECIFIED) {
        onMissing(field, value);
      }
      return theirs ?? UNSPECIFIED;
    });
    return copy;
  }

  /** Gives a message of the server our numbers. A value that we do not have reads as unspecified. */
  toOurs<T extends DescMessage>(schema: T, message: MessageShape<T>): MessageShape<T> {
    if (this.#isChanged(schema)) {
      this.#change(
        reflect(schema, message, false),
        (field, value) =>
          this.#maps.get(field.enum?.typeName ?? "")?.toOurs.get(value) ?? UNSPECIFIED,
      );
    }
    return message;
  }

  #isChanged(schema: DescMessage): boolean {
    let isChanged = this.#hasChanges.get(schema);
    if (isChanged === undefined) {
      // A message that holds itself changes nothing by that.
      this.#hasChanges.set(schema, false);
      isChanged = schema.fields.some(
        ({ enum: type, message }) =>
          (type && this.#maps.has(type.typeName)) || (message && this.#isChanged(message)),
      );
      this.#hasChanges.set(schema, isChanged);
    }
    return isChanged;
  }

  #change(message: ReflectMessage, numberOf: (field: DescField, value: number) => number): void {
    for (const field of message.fields) {
      if (field.fieldKind === "enum" && this.#maps.has(field.enum.typeName)) {
        message.set(field, numberOf(field, message.get(field)));
      } else if (field.fieldKind === "message" && this.#isChanged(field.message)) {
        if (message.isSet(field)) {
          this.#change(message.get(field), numberOf);
        }
      } else if (field.fieldKind === "list" && field.message && this.#isChanged(field.message)) {
        for (const item of message.get(field)) {
          this.#change(item as ReflectMessage, numberOf);
        }
      }
    }
  }
}

function mapsOf({ ours, descriptor }: EnumPair): NumberMaps | undefined {
  const theirs = new Map(descriptor.value.map(({ name, number }) => [name, number]));
  const toTheirs = new Map<number, number>();
  const toOurs = new Map<number, number>();
  for (const { name, number } of ours.values) {
    const other = theirs.get(name);
    if (other !== undefined) {
      toTheirs.set(number, other);
      toOurs.set(other, number);
    }
  }
  const isSame = ours.values.every(({ number }) => toTheirs.get(number) === number);
  return isSame ? undefined : { toTheirs, toOurs };
}
