import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { shown } from "../../errors/shown.js";
import type { ProcessSpec } from "../../model/process.js";

// No control characters, and no lone surrogates, which have no encoding.
const SECRET_VERSION =
  /^workspaces\/[^/\p{Cc}\p{Cs}]+\/secrets\/[^/\p{Cc}\p{Cs}]+\/versions\/[^/\p{Cc}\p{Cs}]+$/u;

/**
 * Refuses a specification that no server can run. Values of environment variables are never shown.
 * The rules are those of execve(2) and the contract.
 */
export function requireSpec(field: string, spec: ProcessSpec): void {
  if (typeof spec !== "object" || spec === null) {
    throw new InvalidInputError(field, "must be an object with a command", shown(spec));
  }
  const { command, args = [], workingDirectory } = spec;
  requireText(`${field}.command`, command);
  if (command === "") {
    throw new InvalidInputError(`${field}.command`, "must not be empty");
  }
  if (!Array.isArray(args)) {
    throw new InvalidInputError(`${field}.args`, "must be an array of strings", shown(args));
  }
  for (const [index, arg] of args.entries()) {
    requireText(`${field}.args[${index}]`, arg);
  }
  if (workingDirectory !== undefined && workingDirectory !== "") {
    requireText(`${field}.workingDirectory`, workingDirectory);
    if (!workingDirectory.startsWith("/")) {
      const rule = "must be an absolute path";
      throw new InvalidInputError(`${field}.workingDirectory`, rule, shown(workingDirectory));
    }
  }
  requireEnvironment(`${field}.environmentVariables`, spec.environmentVariables);
  requireSecrets(`${field}.secretEnvironmentVariables`, spec.secretEnvironmentVariables);
}

function requireEnvironment(field: string, variables: ProcessSpec["environmentVariables"]): void {
  requireEntries(field, variables);
  for (const [key, value] of Object.entries(variables ?? {})) {
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

function requireSecrets(field: string, variables: ProcessSpec["secretEnvironmentVariables"]): void {
  requireEntries(field, variables);
  for (const [key, value] of Object.entries(variables ?? {})) {
    requireVariableName(field, key);
    // Not shown: a caller who mixed the two maps up has put the secret itself here.
    if (typeof value?.secretVersion !== "string" || !SECRET_VERSION.test(value.secretVersion)) {
      throw new InvalidInputError(
        `${field}.${key}.secretVersion`,
        "must be workspaces/{workspace}/secrets/{secret}/versions/{version}",
      );
    }
  }
}

// A Map has no properties of its own: all that it holds would be left out without a word.
function requireEntries(field: string, variables: object | undefined): void {
  if (
    variables !== undefined &&
    (typeof variables !== "object" || variables === null || Symbol.iterator in variables)
  ) {
    throw new InvalidInputError(field, "must be an object with the names as its keys");
  }
}

function requireVariableName(field: string, name: string): void {
  if (name === "" || name.includes("=") || name.includes("\0")) {
    const rule = "must have names that are not empty and hold neither = nor a NUL byte";
    throw new InvalidInputError(field, rule);
  }
  requireWellFormed(field, name);
}

function requireText(field: string, value: string): void {
  if (typeof value !== "string") {
    throw new InvalidInputError(field, "must be a string", shown(value));
  }
  if (value.includes("\0")) {
    throw new InvalidInputError(field, "must not hold a NUL byte", shown(value));
  }
  requireWellFormed(field, value);
}

// Protobuf strings are UTF-8; a lone surrogate has no encoding and would be replaced silently.
function requireWellFormed(field: string, value: string): void {
  if (/\p{Surrogate}/u.test(value)) {
    throw new InvalidInputError(field, "must be well-formed Unicode, without lone surrogates");
  }
}
