import { type Command, CommanderError } from "commander";
import { Code, ConnectError, InvalidInputError } from "../index.js";
import { note } from "./stdio.js";
import { printable } from "./text.js";

/** Exit codes with a meaning of their own. */
export const EXIT = {
  failure: 1,
  usage: 2,
  /** A limit has passed, as timeout(1) tells it. */
  timeout: 124,
  /** Where any other code is the process's: that this program failed, as `docker run` tells it. */
  ownFailure: 125,
  /** Whoever read our output stopped: 128 + SIGPIPE. */
  closedOutput: 141,
} as const;

/** The commands whose exit code is the process's. */
const FORWARDING = new Set(["run", "wait", "logs"]);

/** A failure that the command line finds by itself. The message tells what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** The exit code; undefined for the command's usual one. */
  readonly exitCode: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode;
  }
}

/** The command line cannot be used as it is. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A failure of the API, with the resource that it is about. */
class ResourceError extends Error {
  override readonly name = "ResourceError";
  readonly resource: string;

  constructor(resource: string, cause: unknown) {
    super(resource, { cause });
    this.resource = resource;
  }
}

/** Lets a failure tell which resource it is about; the server's word need not. */
export async function about<T>(resource: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw new ResourceError(resource, error);
  }
}

/** What failed, whatever it was about. */
function ownError(error: unknown): unknown {
  return error instanceof ResourceError ? error.cause : error;
}

/** Whether what was to be written met a reader that had stopped reading, as `head` does. */
export function isClosedOutput(error: unknown): boolean {
  return errorCode(ownError(error)) === "EPIPE";
}

/** The code of an error of Node's, such as ENOENT. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The one way by which failures reach the user: one line that tells what failed, which resource it is
 * about, and what to do; with `--verbose` the causes follow.
 *
 * @param command what was being run, as far as that is known.
 * @returns the exit code.
 */
export function reportFailure(error: unknown, command: Command | undefined): number {
  if (isClosedOutput(error)) {
    return EXIT.closedOutput;
  }
  note(`${titleOf(command)}: ${failureText(error, command)}`);
  if (command?.opts()["verbose"] === true) {
    for (const cause of causesOf(error)) {
      note(`  caused by ${cause}`);
    }
  }
  return exitCodeOf(error, command);
}

function exitCodeOf(error: unknown, command: Command | undefined): number {
  const own = ownError(error);
  if (own instanceof CliError && own.exitCode !== undefined) {
    return own.exitCode;
  }
  if (command !== undefined && FORWARDING.has(command.name())) {
    return EXIT.ownFailure;
  }
  return isUsage(error) ? EXIT.usage : EXIT.failure;
}

function isUsage(error: unknown): boolean {
  const own = ownError(error);
  return (
    own instanceof CommanderError || own instanceof UsageError || own instanceof InvalidInputError
  );
}

function titleOf(command: Command | undefined): string {
  return command === undefined ? "aiem-process" : `aiem-process ${command.name()}`;
}

/**
 * One line. What others say in it cannot steer the terminal.
 *
 * @param command what failed by it; undefined where more is told of that elsewhere, as in `doctor`.
 */
export function failureText(error: unknown, command?: Command): string {
  const own = ownError(error);
  const resource = error instanceof ResourceError ? error.resource : undefined;
  if (own instanceof CommanderError) {
    return `${printable(commanderText(own))}; see ${titleOf(command)} --help`;
  }
  if (own instanceof UsageError) {
    return `${printable(own.message)}; see ${titleOf(command)} --help`;
  }
  if (own instanceof InvalidInputError) {
    return printable(inputText(own));
  }
  const word = own instanceof ConnectError ? statusText(own, resource, command) : messageOf(own);
  const text = printable(inTermsOfOptions(word));
  return resource === undefined || text.includes(resource) ? text : `${resource}: ${text}`;
}

/** The word of a server, or of the way to it, and what to do about it. */
function statusText(
  { code, rawMessage, cause }: ConnectError,
  resource: string | undefined,
  command: Command | undefined,
): string {
  const told = [rawMessage === "" ? Code[code] : rawMessage];
  switch (code) {
    case Code.Unauthenticated:
      // A token provider that fails is the cause, and tells what it needs.
      if (cause === undefined) {
        told.push("set AIEM_TOKEN to a token that is valid, or log in with the H2O CLI");
      }
      break;
    case Code.NotFound:
      told.push(
        resource?.includes("/processes/")
          ? "`aiem-process list` shows what there is; another user's is not found"
          : "check --parent; another user's engine is not found",
      );
      break;
    case Code.Unimplemented:
      told.push("check --url and --protocol");
      break;
  }
  if (command !== undefined && UNREACHED.has(code)) {
    told.push("`aiem-process doctor` tells where it fails");
  }
  return told.join("; ");
}

const UNREACHED = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.Unimplemented]);

const API_TERMS: readonly (readonly [RegExp, string])[] = [
  [/\bsslCaCert\b/g, "--ca-cert"],
  [/\bset verifySsl: false/g, "pass --insecure-skip-tls-verify"],
  [/\bset allowPlaintextToken: true/g, "pass --allow-plaintext-token"],
  [/\bprotocol: "(\w+)"/g, "--protocol $1"],
  [/ with resumeFrom\b/g, ""],
  [/; this client sends no token: give it a tokenProvider/g, ""],
];

/** A message of the API that names its options, in the terms of the command line. */
function inTermsOfOptions(text: string): string {
  return API_TERMS.reduce((told, [term, option]) => told.replace(term, option), text);
}

/** Commander's words, without its prefix, its lines in one. */
function commanderText({ message }: CommanderError): string {
  return message
    .replace(/^error: /, "")
    .replace(/\.$/, "")
    .replace(/\n/g, " ");
}

/** How the arguments of the API are called on a command line. */
const OPTION_NAMES: Readonly<Record<string, string>> = {
  parent: "--parent",
  processId: "--id",
  signal: "--signal",
  timeoutMs: "--timeout",
  graceMs: "--grace",
  aiemUrl: "--url",
  sslCaCert: "--ca-cert",
  protocol: "--protocol",
  name: "the process's name",
  "spec.command": "COMMAND",
  "spec.args": "ARGS",
  "spec.workingDirectory": "--workdir",
};

function inputText({ field, message }: InvalidInputError): string {
  const [, secret] = /^spec\.secretEnvironmentVariables\.(.+)\.secretVersion$/.exec(field) ?? [];
  const option = secret === undefined ? OPTION_NAMES[field] : `--secret-env ${secret}:`;
  return option === undefined ? message : `${option}${message.slice(field.length)}`;
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  for (let at = causeOf(ownError(error)); at !== undefined && causes.length < 8; at = causeOf(at)) {
    causes.push(printable(at instanceof Error ? `${at.name}: ${at.message}` : String(at)));
  }
  return causes;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
