import { InvalidInputError, shownValue } from "../errors/invalid-input-error.js";
import type { ProcessSpec, SecretEnvironmentVariable } from "../model/process.js";
import { checkOptions, type Rule } from "./check-options.js";
import { optional, requireString } from "./values.js";

// No control characters, and no lone surrogates, which have no encoding.
const SECRET_VERSION =
  /^workspaces\/[^/\p{Cc}\p{Cs}]+\/secrets\/[^/\p{Cc}\p{Cs}]+\/versions\/[^/\p{Cc}\p{Cs}]+$/u;

const SPEC = {
  command: requireCommand,
  args: optional(requireArgs),
  workingDirectory: optional(requireWorkingDirectory),
  environmentVariables: optional(requireEnvironment),
  secretEnvironmentVariables: optional(requireSecrets),
} satisfies Record<keyof ProcessSpec, Rule>;

const SECRET = {
  secretVersion: requireSecretVersion,
} satisfies Record<keyof SecretEnvironmentVariable, Rule>;

/**
 * Refuses a specification that no server can run. Values of environment variables are never shown.
 * The rules are those of execve(2) and the contract.
 */
export function requireSpec(field: string, spec: unknown): void {
  checkOptions(field, spec, SPEC);
}

function requireCommand(field: string, command: unknown): void {
  requireText(field, command);
  if (command === "") {
    throw new InvalidInputError(field, "must not be empty");
  }
}

function requireArgs(field: string, args: unknown): void {
  if (!Array.isArray(args)) {
    throw new InvalidInputError(field, "must be an array of strings", shownValue(args));
  }
  for (const [index, arg] of args.entries()) {
    requireText(`${field}[${index}]`, arg);
  }
}

function requireWorkingDirectory(field: string, directory: unknown): void {
  requireText(field, directory);
  if (directory !== "" && !directory.startsWith("/")) {
    throw new InvalidInputError(field, "must be an absolute path", shownValue(directory));
  }
}

function requireEnvironment(field: string, variables: unknown): void {
  for (const [key, value] of entriesOf(field, variables)) {
    requireVariableName(field, key);
    if (typeof value !== "string") {
      throw new InvalidInputError(`${field}.${key}`, "must be a string");
    }
    if (value.includes("\0")) {
      throw new InvalidInputError(`${field}.${key}`, "must not hold a NUL byte");
    }
    requireWellFormed(`${field}.${key}`, value);
  }
}

function requireSecrets(field: string, variables: unknown): void {
  for (const [key, value] of entriesOf(field, variables)) {
    requireVariableName(field, key);
    // What is no object is not shown: it may be the secret itself.
    const isObject = typeof value === "object" && value !== null && !(Symbol.iterator in value);
    checkOptions(`${field}.${key}`, isObject ? value : {}, SECRET);
  }
}

function requireSecretVersion(field: string, version: unknown): void {
  // Not shown: a caller who mixed the two maps up has put the secret itself here.
  if (typeof version !== "string" || !SECRET_VERSION.test(version)) {
    const rule = "must be workspaces/{workspace}/secrets/{secret}/versions/{secret_version}";
    throw new InvalidInputError(field, rule);
  }
}

// Its own text, not requireObject's: a value that is none of the kind is never shown here.
function entriesOf(field: string, variables: unknown): readonly (readonly [string, unknown])[] {
  if (typeof variables !== "object" || variables === null || Symbol.iterator in variables) {
    throw new InvalidInputError(field, "must be an object with the names as its keys");
  }
  return Object.entries(variables);
}

function requireVariableName(field: string, name: string): void {
  if (name === "" || name.includes("=") || name.includes("\0")) {
    const rule = "must have names that are not empty and hold neither = nor a NUL byte";
    throw new InvalidInputError(field, rule);
  }
  requireWellFormed(field, name);
}

function requireText(field: string, value: unknown): asserts value is string {
  requireString(field, value);
  if (value.includes("\0")) {
    throw new InvalidInputError(field, "must not hold a NUL byte", shownValue(value));
  }
  requireWellFormed(field, value);
}

// Protobuf strings are UTF-8; a lone surrogate has no encoding and would be replaced silently.
function requireWellFormed(field: string, value: string): void {
  if (/\p{Surrogate}/u.test(value)) {
    throw new InvalidInputError(field, "must be well-formed Unicode, without lone surrogates");
  }
}
