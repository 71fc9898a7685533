import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Process } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { failedPrecondition, invalidArgument, systemErrorCode } from "./refusals.js";
import type { Command } from "./runner/runner.js";
import type { Secrets } from "./secrets.js";

/**
 * What to execute for a specification.
 * @param root the engine's root directory.
 * @throws {ConnectError} FAILED_PRECONDITION where a secret version or the working directory is not
 * there, INVALID_ARGUMENT where the working directory leads out of the root.
 */
export function prepareCommand(spec: Process, root: string, secrets: Secrets): Command {
  return {
    command: spec.command,
    args: spec.args,
    environment: buildEnvironment(spec, root, secrets),
    workingDirectory: resolveWorkingDirectory(root, spec.workingDirectory),
  };
}

/**
 * The directory on this machine that a working directory in the engine means.
 * @param root the engine's root directory.
 * @param path absolute and without `..`; empty means the root.
 * @throws {ConnectError} FAILED_PRECONDITION where there is no such directory, INVALID_ARGUMENT
 * where links lead out of the root.
 */
// Synchronous: a start blocks for its fork anyway, and four turns of the thread pool cost more.
function resolveWorkingDirectory(root: string, path: string): string {
  const shown = JSON.stringify(path === "" ? "/" : path);
  let base: string;
  let directory: string;
  try {
    base = realpathSync.native(root);
    directory = path === "" ? base : realpathSync.native(join(base, path));
    // The system would blame the command for a directory that cannot be entered.
    accessSync(directory, constants.X_OK);
  } catch (error) {
    if (!existsSync(root)) {
      throw failedPrecondition(
        `the engine's root directory ${root} is gone: create it again, or use another engine`,
      );
    }
    throw failedPrecondition(
      `the working directory ${shown} cannot be used (${systemErrorCode(error)}): create it in the engine's root directory first`,
    );
  }
  const [first] = relative(base, directory).split(sep);
  if (first === "..") {
    throw invalidArgument(
      `the working directory ${shown} leads out of the engine's root directory through a link`,
    );
  }
  if (!statSync(directory).isDirectory()) {
    throw failedPrecondition(`the working directory ${shown} is not a directory`);
  }
  return directory;
}

/**
 * The whole environment of a process: PATH as this program has it, HOME, LANG, the process's
 * variables, its secrets. Later ones win.
 * @param home the engine's root directory.
 * @throws {ConnectError} FAILED_PRECONDITION where a secret version is missing.
 */
function buildEnvironment(spec: Process, home: string, secrets: Secrets): Record<string, string> {
  // A Map, because to assign `__proto__` to an object defines no property of it.
  const environment = new Map(
    Object.entries({
      ...(process.env["PATH"] !== undefined && { PATH: process.env["PATH"] }),
      HOME: home,
      LANG: "C.UTF-8",
      ...spec.environmentVariables,
    }),
  );
  for (const [name, { secretVersion }] of Object.entries(spec.secretEnvironmentVariables)) {
    const value = secrets.read(secretVersion);
    if (value === undefined) {
      throw failedPrecondition(
        `secret version ${secretVersion} of the environment variable ${JSON.stringify(name)} does not exist`,
      );
    }
    // Refused here, because Node would show the value in its own error.
    if (value.includes("\0")) {
      throw failedPrecondition(`secret version ${secretVersion} holds a NUL byte`);
    }
    environment.set(name, value);
  }
  return Object.fromEntries(environment);
}
