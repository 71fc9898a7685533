import type { Process } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { failedPrecondition } from "../refusals.js";
import type { Secrets } from "../secrets.js";

/**
 * The whole environment of a process: PATH as this program has it, HOME, LANG, the process's
 * variables, its secrets. Later ones win.
 * @param home the engine's root directory.
 * @throws {ConnectError} FAILED_PRECONDITION where a secret version is missing.
 */
export function buildEnvironment(
  spec: Process,
  home: string,
  secrets: Secrets,
): Record<string, string> {
  const environment: Record<string, string> = {
    ...(process.env["PATH"] !== undefined && { PATH: process.env["PATH"] }),
    HOME: home,
    LANG: "C.UTF-8",
    ...spec.environmentVariables,
  };
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
    environment[name] = value;
  }
  return environment;
}
