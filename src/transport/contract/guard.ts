import { posix } from "node:path";
import {
  create,
  type DescMessage,
  type DescMethod,
  isMessage,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Code } from "@connectrpc/connect";
import {
  OutputFrameSchema,
  OutputStream,
  type Process,
  ProcessSchema,
  Process_State as State,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  CreateProcessRequestSchema,
  ListProcessesRequestSchema,
  ListProcessesResponseSchema,
  type StreamOutputResponse,
  StreamOutputResponseSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Failure } from "../../errors/outcome.js";

const HINT =
  "the server may number the fields of the contract otherwise than this client: see the option contract";
// How servers refuse a request that they cannot read, or read as another one: grpc-go and grpc-java by
// the first, and Connect by the second.
const UNREAD: readonly Code[] = [Code.Internal, Code.InvalidArgument];

/**
 * The failure of an answer that cannot be true.
 *
 * @param effect what is to be said of the call's effect.
 */
export function mismatch(what: string, effect = ""): Failure {
  const message = `the answer cannot be true: ${what}${effect}; ${HINT}`;
  return { kind: "status", code: Code.Internal, message, mismatch: true };
}

/**
 * The failure of a call that nobody vouches for the numbers of: by others the answer may be readable, or
 * the request may have been.
 */
export function suspected(failure: Failure, effect = ""): Failure {
  if (failure.malformed) {
    return { ...mismatch(failure.message, effect), cause: failure.cause };
  }
  return failure.kind === "status" && UNREAD.includes(failure.code)
    ? { ...failure, message: `${failure.message}; ${HINT}` }
    : failure;
}

/**
 * What cannot be true of an answer, where nobody vouches for the numbers that it was read by. It is an
 * alarm, no proof: docs/transports.md has what no check sees.
 */
export function mismatchIn(
  method: DescMethod,
  input: MessageInitShape<DescMessage>,
  output: Message,
): string | undefined {
  const request = create(method.input, input);
  const processes = processesIn(output);
  return (
    unknownIn(reflect(method.output, output, false)) ??
    first(processes, ofProcess) ??
    ofRequest(request, processes)
  );
}

/** The failure of a frame of output that cannot be true. */
export function frameMismatch(frame: StreamOutputResponse): Failure | undefined {
  const what = unknownIn(reflect(StreamOutputResponseSchema, frame, false));
  return what === undefined ? undefined : mismatch(what);
}

/** Fields that the contract does not have, and streams that no frame is of. */
function unknownIn(message: ReflectMessage): string | undefined {
  const { desc } = message;
  const [unknown] = message.getUnknown() ?? [];
  if (unknown) {
    return `${desc.name} has a field with the number ${unknown.no}, which is none of this contract`;
  }
  for (const field of message.fields) {
    let what: string | undefined;
    if (field.fieldKind === "message" && message.isSet(field)) {
      what = unknownIn(message.get(field));
    } else if (field.fieldKind === "list" && field.message) {
      what = first(message.get(field), (item) => unknownIn(item as ReflectMessage));
    } else if (field.fieldKind === "map" && field.message) {
      what = first(message.get(field).values(), (item) => unknownIn(item as ReflectMessage));
    } else if (field.fieldKind === "enum" && isFrame(desc)) {
      what = ofStream(message.get(field));
    }
    if (what !== undefined) {
      return what;
    }
  }
  return undefined;
}

function isFrame({ typeName }: DescMessage): boolean {
  return (
    typeName === OutputFrameSchema.typeName || typeName === StreamOutputResponseSchema.typeName
  );
}

function ofStream(stream: number): string | undefined {
  return stream === OutputStream.STDOUT || stream === OutputStream.STDERR
    ? undefined
    : `a frame of output is of the stream ${OutputStream[stream] ?? stream}`;
}

function first<T>(items: Iterable<T>, check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const what = check(item);
    if (what !== undefined) {
      return what;
    }
  }
  return undefined;
}

function processesIn(output: Message): readonly Process[] {
  if (isMessage(output, ListProcessesResponseSchema)) {
    return output.processes;
  }
  return "process" in output && isMessage(output.process, ProcessSchema) ? [output.process] : [];
}

// Clocks are not compared: the server's own may go back.
function ofProcess(process: Process): string | undefined {
  const { state, exitCode = 0, startTime, endTime } = process;
  if (process.command === "") {
    return "a process has no command";
  }
  if (!/^(\/|$)/.test(process.workingDirectory)) {
    return "the working directory of a process is not absolute";
  }
  if (variables(process).some((name) => !/^\w+ [^=\0]+$/.test(name))) {
    return "an environment variable of a process has no name";
  }
  const is = `a process is ${State[state] ?? state}`;
  switch (state) {
    case State.PENDING:
    case State.RUNNING: {
      if (endTime) {
        return `${is} with an end time`;
      }
      if (exitCode !== 0) {
        return `${is} with the exit code ${exitCode}`;
      }
      if (state === State.PENDING && startTime) {
        return `${is} with a start time`;
      }
      return state === State.RUNNING && !startTime ? `${is} without a start time` : undefined;
    }
    case State.SUCCEEDED:
    case State.FAILED: {
      if (!endTime) {
        return `${is} without an end time`;
      }
      // A process that a signal ended may be either (H2O's tests accept both).
      if (state === State.SUCCEEDED && exitCode >= 1 && exitCode <= 128) {
        return `${is} with the exit code ${exitCode}`;
      }
      return state === State.FAILED && process.exitCode === 0
        ? `${is} with exit code 0`
        : undefined;
    }
    case State.UNSPECIFIED:
      return is;
  }
  return `a process has the state ${state}, which is none of this contract`;
}

function ofRequest(request: Message, processes: readonly Process[]): string | undefined {
  if (isMessage(request, ListProcessesRequestSchema)) {
    return ofList(request.filter, request.pageSize, processes);
  }
  if (isMessage(request, CreateProcessRequestSchema) && request.process) {
    const asked = request.process;
    return first(processes, (made) =>
      made.state === State.PENDING
        ? createdOtherwise(asked, made)
        : `a process that was not to be started is ${State[made.state]}`,
    );
  }
  return undefined;
}

function ofList(
  filter: string,
  pageSize: number,
  processes: readonly Process[],
): string | undefined {
  if (pageSize > 0 && processes.length > pageSize) {
    return `a page of at most ${pageSize} processes has ${processes.length}`;
  }
  const wanted = /^state = STATE_(?<state>[A-Z]+)$/.exec(filter)?.groups?.["state"];
  const other = processes.find(({ state }) => wanted !== undefined && State[state] !== wanted);
  return other && `a list with the filter ${filter} has a process that is ${State[other.state]}`;
}

/** What a process is made of. */
interface Made {
  readonly command: string;
  readonly args: readonly string[];
  readonly workingDirectory: string;
  readonly environmentVariables: Readonly<Record<string, unknown>>;
  readonly secretEnvironmentVariables: Readonly<Record<string, unknown>>;
}

/**
 * How a process is made otherwise than was asked for; undefined if it is not. A server repeats what it
 * was asked to make; values of variables are not compared.
 */
export function createdOtherwise(asked: Partial<Made>, made: Made): string | undefined {
  const { command = "", args = [], workingDirectory = "" } = asked;
  if (made.command !== command && !made.command.endsWith(`/${command}`)) {
    return "the process was created with another command";
  }
  if (!isSame(made.args, args)) {
    return "the process was created with other arguments";
  }
  if (directory(made.workingDirectory) !== directory(workingDirectory)) {
    return "the process was created with another working directory";
  }
  return isSame(variables(made), variables(asked))
    ? undefined
    : "the process was created with other environment variables";
}

function variables(process: Partial<Made>): string[] {
  const { environmentVariables = {}, secretEnvironmentVariables = {} } = process;
  const plain = Object.keys(environmentVariables).map((name) => `plain ${name}`);
  const secret = Object.keys(secretEnvironmentVariables).map((name) => `secret ${name}`);
  return [...plain, ...secret].sort();
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, i) => item === right[i]);
}

function directory(path: string): string {
  return posix.resolve("/", path);
}
