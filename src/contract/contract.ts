import {
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  ProcessSchema,
  SecretEnvironmentVariableSchema,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { EnumNumbers } from "./enum-numbers.js";
import { type MessagePair, Pairing } from "./pairing.js";
import { renumberedService } from "./renumbered-service.js";
import { ServerTypes } from "./server-types.js";

/** A server's contract cannot carry what a call needs. */
export class ContractDifference extends Error {
  override readonly name = "ContractDifference";
}

/** A method as it is on the wire of a server. */
export interface NumberedMethod<M extends DescMethod> {
  /** With the server's numbers and package, and messages of our types. */
  readonly descriptor: M;
  /** As `/package.Service/Method`. */
  readonly path: string;
  /**
   * A request with the server's enum values; the one given, where nothing has to change.
   *
   * @throws ContractDifference where the request, or the answer to it, needs what differs.
   */
  request(message: MessageShape<M["input"]>): MessageShape<M["input"]>;
  /** Gives an answer our enum values. */
  response(message: MessageShape<M["output"]>): MessageShape<M["output"]>;
}

/** The numbers and the package that a server speaks the ProcessService with. */
export interface Contract {
  /** Where it differs from ours, in short; undefined where it does not. */
  readonly adapted: string | undefined;
  /** What it lacks, or has otherwise than by numbers, one sentence each. */
  readonly gaps: readonly string[];
  /** The service: its messages have our types, and the server's numbers. */
  readonly service: DescService;
  method<M extends DescMethod>(ours: M): NumberedMethod<M>;
  /** A message of ours with the enum values of this contract; it is copied where they differ. */
  toTheirs<T extends DescMessage>(schema: T, message: MessageShape<T>): MessageShape<T>;
  /** Gives a message with the enum values of this contract ours. */
  toOurs<T extends DescMessage>(schema: T, message: MessageShape<T>): MessageShape<T>;
}

/** The contract of this package, as it is. */
export const BUILT_IN: Contract = {
  adapted: undefined,
  gaps: [],
  service: ProcessService,
  method: (ours) => ({
    descriptor: ours,
    path: pathOf(ours),
    request: same,
    response: same,
  }),
  toTheirs: (_, message) => message,
  toOurs: (_, message) => message,
};

function same<T>(message: T): T {
  return message;
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

/**
 * The contract that the bytes of a `google.protobuf.FileDescriptorSet` describe.
 *
 * @throws TypeError where they are none, or have no ProcessService, or more than one.
 */
export function contractOfSet(bytes: Uint8Array): Contract {
  let files: readonly FileDescriptorProto[];
  try {
    files = fromBinary(FileDescriptorSetSchema, bytes).file;
  } catch (cause) {
    throw new TypeError("must be a google.protobuf.FileDescriptorSet", { cause });
  }
  const services = [...new ServerTypes(files).services.keys()];
  return contractOf(files, serviceIn(services));
}

/**
 * Which of a server's services is the ProcessService: the one with our name, or the only one that is
 * called so in another package.
 *
 * @throws TypeError where there is none, or more than one.
 */
export function serviceIn(services: readonly string[]): string {
  if (services.includes(ProcessService.typeName)) {
    return ProcessService.typeName;
  }
  const named = services.filter((name) => name.split(".").at(-1) === ProcessService.name);
  const [only] = named;
  if (only === undefined || named.length > 1) {
    const found = named.length > 1 ? `several: ${named.join(", ")}` : "none";
    throw new TypeError(`must have one service ${ProcessService.name}, but has ${found}`);
  }
  return only;
}

/**
 * The contract that a server's descriptors describe. Only numbers and the package are taken from them,
 * by the names of fields and values; messages keep our types.
 *
 * @param service the full name of its ProcessService.
 * @throws TypeError where the descriptors do not have that service.
 */
export function contractOf(files: Iterable<FileDescriptorProto>, service: string): Contract {
  const types = new ServerTypes(files);
  const theirs = types.services.get(service);
  if (!theirs) {
    throw new TypeError(`must have the service ${service}`);
  }
  const pairing = new Pairing(types);
  const problems = new Map<string, string>();
  for (const method of ProcessService.methods) {
    const other = theirs.method.find(({ name }) => name === method.name);
    const why = other
      ? (pairing.pairMessage(method.input, withoutDot(other.inputType)) ??
        pairing.pairMessage(method.output, withoutDot(other.outputType)) ??
        otherKind(method, other))
      : `the server's contract has no method ${method.name}`;
    if (why !== undefined) {
      problems.set(method.name, why);
    }
  }
  return new AdaptedContract(service, pairing, problems);
}

function withoutDot(typeName: string): string {
  return typeName.replace(/^\./, "");
}

function otherKind(
  { methodKind, name }: DescMethod,
  theirs: { readonly clientStreaming: boolean; readonly serverStreaming: boolean },
): string | undefined {
  const streams = methodKind === "server_streaming";
  return theirs.clientStreaming || theirs.serverStreaming !== streams
    ? `${name} streams otherwise in the server's contract`
    : undefined;
}

class AdaptedContract implements Contract {
  readonly adapted: string | undefined;
  readonly gaps: readonly string[];
  readonly service: DescService;
  readonly #pairing: Pairing;
  readonly #problems: ReadonlyMap<string, string>;
  readonly #enums: EnumNumbers;
  readonly #answers = new Map<DescMessage, string | undefined>();
  readonly #methods = new Map<string, unknown>();

  constructor(service: string, pairing: Pairing, problems: ReadonlyMap<string, string>) {
    this.#pairing = pairing;
    this.#problems = problems;
    this.#enums = new EnumNumbers(pairing);
    this.service = renumberedService(service, pairing);
    this.adapted = differenceOf(service, pairing, this.#enums);
    this.gaps = [...problems.values(), ...gapsOf(pairing)];
  }

  method<M extends DescMethod>(ours: M): NumberedMethod<M> {
    const known = this.#methods.get(ours.name);
    if (known) {
      // Made of the same method.
      return known as NumberedMethod<M>;
    }
    const made = this.#numbered(ours);
    this.#methods.set(ours.name, made);
    return made;
  }

  #numbered<M extends DescMethod>(ours: M): NumberedMethod<M> {
    // A copy of ours, with other numbers.
    const adapted = this.service.methods.find(({ name }) => name === ours.name) as M | undefined;
    const descriptor = adapted ?? ours;
    const problem = this.#problems.get(ours.name) ?? this.#unreadable(ours.output);
    return {
      descriptor,
      path: pathOf(descriptor),
      request: (message) => {
        if (problem !== undefined) {
          throw new ContractDifference(problem);
        }
        this.#checkFields(reflect(ours.input, message, false));
        return this.toTheirs<M["input"]>(ours.input, message);
      },
      response: (message) => this.toOurs<M["output"]>(ours.output, message),
    };
  }

  toTheirs<T extends DescMessage>(schema: T, message: MessageShape<T>): MessageShape<T> {
    return this.#enums.toTheirs(schema, message, ({ enum: type, name, parent }, value) => {
      const text = type?.values.find(({ number }) => number === value)?.name ?? `${value}`;
      throw new ContractDifference(
        `the server's contract has no ${text} for the field ${name} of ${parent.name}`,
      );
    });
  }

  toOurs<T extends DescMessage>(schema: T, message: MessageShape<T>): MessageShape<T> {
    return this.#enums.toOurs(schema, message);
  }

  /** Why an answer of this type cannot be read. */
  #unreadable(schema: DescMessage): string | undefined {
    if (!this.#answers.has(schema)) {
      this.#answers.set(schema, undefined);
      const pair = this.#pairing.messages.get(schema.typeName);
      const [differing] = pair?.differing.values() ?? [];
      const own = differing ?? (pair && missingInAnswers(pair));
      const inner = schema.fields.map(({ message }) => message && this.#unreadable(message));
      this.#answers.set(schema, own ?? inner.find((each) => each !== undefined));
    }
    return this.#answers.get(schema);
  }

  /** @throws ContractDifference where a field is set that the server does not have, or has otherwise. */
  #checkFields(message: ReflectMessage): void {
    const pair = this.#pairing.messages.get(message.desc.typeName);
    for (const field of message.fields) {
      if (!pair || !message.isSet(field)) {
        continue;
      }
      if (!pair.numbers.has(field.name)) {
        throw new ContractDifference(
          pair.differing.get(field.name) ?? missingField(field.name, pair),
        );
      }
      if (field.fieldKind === "message") {
        this.#checkFields(message.get(field));
      } else if (field.fieldKind === "map" && field.message) {
        for (const item of message.get(field).values()) {
          this.#checkFields(item as ReflectMessage);
        }
      }
    }
  }
}

function missingField(name: string, { theirs }: MessagePair): string {
  return `the server's contract has no field ${name} in ${theirs}`;
}

// What a server does not have reads as unset: no output, an empty list, a process in no state. The rest
// of a process may be missing, as in a server that is older.
const NEEDED_OF_PROCESS: readonly string[] = ["name", "state"];

/** Says what the server does not have, and answers need. */
function missingInAnswers(pair: MessagePair): string | undefined {
  const { ours, numbers } = pair;
  if (ours.typeName === SecretEnvironmentVariableSchema.typeName) {
    return undefined;
  }
  const missing = ours.fields.find(
    ({ name }) =>
      !numbers.has(name) &&
      (ours.typeName !== ProcessSchema.typeName || NEEDED_OF_PROCESS.includes(name)),
  );
  return missing && missingField(missing.name, pair);
}

function gapsOf({ messages, enums }: Pairing): string[] {
  const ofFields = [...messages.values()].flatMap((pair) => [
    ...pair.differing.values(),
    ...pair.ours.fields
      .filter(({ name }) => !pair.numbers.has(name) && !pair.differing.has(name))
      .map(({ name }) => missingField(name, pair)),
  ]);
  const ofValues = [...enums.values()].flatMap(({ ours, theirs, descriptor }) =>
    ours.values
      .filter((value) => !descriptor.value.some(({ name }) => name === value.name))
      .map((value) => `the server's contract has no value ${value.name} in ${theirs}`),
  );
  return [...ofFields, ...ofValues];
}

function differenceOf(service: string, pairing: Pairing, enums: EnumNumbers): string | undefined {
  const moved = [...pairing.messages.values()].filter(({ ours, numbers }) =>
    ours.fields.some(({ name, number }) => (numbers.get(name) ?? number) !== number),
  );
  const parts = [
    ...(service === ProcessService.typeName ? [] : [`the service is ${service}`]),
    ...(moved.length === 0 ? [] : [`other field numbers in ${namesOf(moved)}`]),
    ...(enums.changed.length === 0 ? [] : [`other values in ${enums.changed.join(", ")}`]),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}

function namesOf(pairs: readonly MessagePair[]): string {
  return pairs.map(({ ours }) => ours.name).join(", ");
}
