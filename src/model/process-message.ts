import { inspect } from "node:util";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type Process as ProcessMessage,
  type ProcessSchema,
  Process_State as StateNumber,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  isFinal,
  type Process,
  type ProcessSpec,
  type ProcessState,
  type SecretEnvironmentVariable,
  shownProcess,
} from "./process.js";

/** Reads a process from its message. Never throws: a newer server's values read as unset. */
export function processFromMessage(message: ProcessMessage): Process {
  return new ReadProcess(message);
}

/** A process that hides its environment where it is inspected; all else is plain data. */
class ReadProcess implements Process {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly workingDirectory: string;
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly secretEnvironmentVariables: Readonly<Record<string, SecretEnvironmentVariable>>;
  readonly state: ProcessState;
  readonly exitCode: number | undefined;
  readonly createTime: Date | undefined;
  readonly startTime: Date | undefined;
  readonly endTime: Date | undefined;

  constructor(message: ProcessMessage) {
    const state = stateFromNumber(message.state);
    const endTime = dateFrom(message.endTime);
    this.name = message.name;
    this.command = message.command;
    this.args = [...message.args];
    this.workingDirectory = message.workingDirectory;
    this.environmentVariables = { ...message.environmentVariables };
    this.secretEnvironmentVariables = secretsOf(message.secretEnvironmentVariables);
    this.state = state;
    this.exitCode = isFinal(state, endTime) ? exitCodeOf(state, message.exitCode) : undefined;
    this.createTime = dateFrom(message.createTime);
    this.startTime = dateFrom(message.startTime);
    this.endTime = endTime;
  }

  [inspect.custom](): object {
    return shownProcess(this);
  }
}

function secretsOf(
  variables: Readonly<Record<string, SecretEnvironmentVariable>>,
): Record<string, SecretEnvironmentVariable> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, { secretVersion }]) => [name, { secretVersion }]),
  );
}

/** The message of a specification, for CreateProcess. */
export function specToMessage(spec: ProcessSpec): MessageInitShape<typeof ProcessSchema> {
  return {
    command: spec.command,
    args: [...(spec.args ?? [])],
    workingDirectory: spec.workingDirectory ?? "",
    environmentVariables: { ...spec.environmentVariables },
    secretEnvironmentVariables: secretsOf(spec.secretEnvironmentVariables ?? {}),
  };
}

function stateFromNumber(state: StateNumber): ProcessState {
  switch (state) {
    case StateNumber.PENDING:
      return "STATE_PENDING";
    case StateNumber.RUNNING:
      return "STATE_RUNNING";
    case StateNumber.SUCCEEDED:
      return "STATE_SUCCEEDED";
    case StateNumber.FAILED:
      return "STATE_FAILED";
    case StateNumber.UNSPECIFIED:
      return "STATE_UNSPECIFIED";
  }
  // Enums are open (proto3): a newer server's value arrives as a number that is in no case above.
  return "STATE_UNSPECIFIED";
}

// A server without field presence shows 0 for an unset code.
function exitCodeOf(state: ProcessState, exitCode: number | undefined): number | undefined {
  switch (state) {
    case "STATE_SUCCEEDED":
      return exitCode ?? 0;
    case "STATE_FAILED":
      return exitCode === 0 ? undefined : exitCode;
    case "STATE_PENDING":
    case "STATE_RUNNING":
    case "STATE_UNSPECIFIED":
      return exitCode;
  }
}

function dateFrom(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp && timestampDate(timestamp);
}
