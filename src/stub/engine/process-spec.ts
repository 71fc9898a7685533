import { create, toBinary } from "@bufbuild/protobuf";
import {
  type Process,
  ProcessSchema,
  SecretEnvironmentVariableSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { invalidArgument, shown } from "./refusals.js";
import { isSecretVersionName } from "./secrets.js";

/**
 * The largest specification, in bytes of its message. Linux takes less for arguments and
 * environment together (execve(2): a quarter of the stack), and other gRPC peers receive messages
 * of 4 MiB at most by default: no process may be too large to be told of.
 */
const MAX_SPEC_BYTES = 2 * 1024 * 1024;

/** A specification whose fields keep their rules. */
export interface CheckedSpec {
  /** A fresh message with nothing but what the creator of a process chooses. */
  readonly spec: Process;
  /** How large it is as a message. */
  readonly bytes: number;
}

/**
 * Makes sure that a process can be made of a specification.
 * @throws {ConnectError} INVALID_ARGUMENT where a field breaks its rule. Values of variables are
 * never shown.
 */
export function checkProcessSpec(spec: Process): CheckedSpec {
  if (spec.command === "") {
    throw invalidArgument("process.command is required");
  }
  refuseNul("process.command", spec.command);
  spec.args.forEach((arg, index) => {
    refuseNul(`process.args[${index}]`, arg);
  });
  checkWorkingDirectory(spec.workingDirectory);
  for (const [name, value] of Object.entries(spec.environmentVariables)) {
    checkVariableName("environment_variables", name);
    refuseNul(`process.environment_variables[${shown(name)}]`, value);
  }
  for (const [name, { secretVersion }] of Object.entries(spec.secretEnvironmentVariables)) {
    checkVariableName("secret_environment_variables", name);
    checkSecretVersion(name, secretVersion);
  }
  const checked = copyProcessSpec(spec);
  const bytes = toBinary(ProcessSchema, checked).length;
  if (bytes > MAX_SPEC_BYTES) {
    throw invalidArgument(`process has ${bytes} bytes, more than the ${MAX_SPEC_BYTES} allowed`);
  }
  return { spec: checked, bytes };
}

/** A fresh message with the fields that the creator of a process chooses. */
export function copyProcessSpec(spec: Process): Process {
  return create(ProcessSchema, {
    command: spec.command,
    args: [...spec.args],
    workingDirectory: spec.workingDirectory,
    environmentVariables: { ...spec.environmentVariables },
    secretEnvironmentVariables: Object.fromEntries(
      Object.entries(spec.secretEnvironmentVariables).map(([name, { secretVersion }]) => [
        name,
        create(SecretEnvironmentVariableSchema, { secretVersion }),
      ]),
    ),
  });
}

/** Linux's PATH_MAX, its NUL byte left out. */
const MAX_PATH_BYTES = 4_095;

function checkWorkingDirectory(path: string): void {
  refuseNul("process.working_directory", path);
  if (path !== "" && !path.startsWith("/")) {
    throw invalidArgument(
      `process.working_directory ${shown(path)} must be absolute: begin it with "/", the engine's root`,
    );
  }
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw invalidArgument(
      `process.working_directory ${shown(path)} is longer than a path can be, ${MAX_PATH_BYTES} bytes`,
    );
  }
  if (path.split("/").includes("..")) {
    throw invalidArgument(
      `process.working_directory ${shown(path)} must not contain ".." segments`,
    );
  }
}

function checkVariableName(field: string, name: string): void {
  if (name === "" || name.includes("=") || name.includes("\0")) {
    throw invalidArgument(
      `process.${field} has the name ${shown(name)}: a name must not be empty nor contain "=" or a NUL byte`,
    );
  }
}

function checkSecretVersion(name: string, version: string): void {
  if (isSecretVersionName(version)) {
    return;
  }
  // Not shown: whoever mixed the two maps up has put the secret itself here.
  throw invalidArgument(
    `process.secret_environment_variables[${shown(name)}].secret_version must be workspaces/{workspace}/secrets/{secret}/versions/{secret_version}`,
  );
}

function refuseNul(field: string, value: string): void {
  if (value.includes("\0")) {
    throw invalidArgument(`${field} must not contain a NUL byte`);
  }
}
