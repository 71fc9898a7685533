import type { Command } from "commander";
import type { ProcessSpec } from "../index.js";
import { UsageError } from "./failure.js";
import { collect, readFileOf } from "./option-values.js";

/** The options that tell what to run, of `run` and `create`. */
export interface SpecOptions {
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly workdir?: string;
  readonly secretEnv?: readonly string[];
  readonly id?: string;
}

/** Adds the options that tell what to run. Everything after the command's name is its own. */
export function withSpec(command: Command): Command {
  return command
    .argument("<command>", "the program, without a shell")
    .argument("[args...]", "its arguments, as they are")
    .passThroughOptions()
    .option("-e, --env <K=V>", "set a variable; K alone takes it from here", collect)
    .option("--env-file <file>", "a file of such lines; # begins a comment", collect)
    .option("-w, --workdir <dir>", "where it runs, an absolute path")
    .option(
      "--secret-env <K=VERSION>",
      "a variable from workspaces/*/secrets/*/versions/*",
      collect,
    )
    .option("--id <id>", "the id of the new process (default: a random one)");
}

/** What the options say. Later variables win over earlier ones, and those of `-e` over files. */
export function specOf(
  command: string,
  args: readonly string[],
  options: SpecOptions,
): ProcessSpec {
  const fromFiles = (options.envFile ?? []).flatMap(envFileLines);
  const variables = [...fromFiles, ...(options.env ?? [])].flatMap(variableOf);
  return {
    command,
    args,
    workingDirectory: options.workdir,
    environmentVariables: Object.fromEntries(variables),
    secretEnvironmentVariables: Object.fromEntries((options.secretEnv ?? []).map(secretOf)),
  };
}

// Node.js itself looks for the files of each --env-file that it sees before a `--`, and ends with a
// line of its own, and code 9, where one is missing (nodejs/node#54232).
function envFileLines(path: string): string[] {
  return readFileOf("--env-file", path)
    .toString("utf8")
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

// As in `docker run`: a name that is not set here is left out.
function variableOf(text: string): (readonly [string, string])[] {
  const at = text.indexOf("=");
  if (at === 0) {
    throw new UsageError("a variable has no name: it must be K=V, or K alone");
  }
  if (at > 0) {
    return [[text.slice(0, at), text.slice(at + 1)]];
  }
  const value = process.env[text];
  return value === undefined ? [] : [[text, value]];
}

function secretOf(text: string): readonly [string, { readonly secretVersion: string }] {
  const at = text.indexOf("=");
  if (at < 1) {
    throw new UsageError(
      "--secret-env must be K=VERSION, such as KEY=workspaces/w/secrets/s/versions/latest",
    );
  }
  return [text.slice(0, at), { secretVersion: text.slice(at + 1) }];
}
