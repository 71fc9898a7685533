import { InvalidInputError, shownValue } from "../errors/invalid-input-error.js";
import {
  type EngineNameParts,
  formatEngineName,
  isProcessId,
  isSegment,
  matchEngineName,
  matchProcessName,
  type ProcessNameParts,
} from "../model/resource-names.js";
import { checkOptions, type Rule } from "./check-options.js";
import { optional } from "./values.js";

const ENGINE_RULE = "must be workspaces/{workspace}/sandboxEngines/{engine}";
const PROCESS_RULE = "must be workspaces/{workspace}/sandboxEngines/{engine}/processes/{process}";
const ID_RULE = "must be 1 to 63 of [a-z0-9-], the first and the last alphanumeric";

const ENGINE_NAME_PARTS = {
  workspace: requireSegment,
  engine: requireSegment,
  // What parseProcessName returns is good here as it is: the name of the process's engine.
  process: optional(requireSegment),
} satisfies Record<keyof ProcessNameParts, Rule>;

/**
 * The resource name of an engine, for `createProcess` and the other calls that take a parent.
 *
 * @throws InvalidInputError if an id is empty or has a character that a resource name cannot hold.
 */
export function engineName(parts: EngineNameParts): string {
  checkEngineNameParts(parts);
  return formatEngineName(parts);
}

function checkEngineNameParts(parts: unknown): void {
  checkOptions("parts", parts, ENGINE_NAME_PARTS, "");
}

function requireSegment(field: string, id: unknown): void {
  if (typeof id !== "string" || !isSegment(id)) {
    throw new InvalidInputError(
      field,
      "must be letters, digits and any of . _ ~ -",
      shownValue(id),
    );
  }
}

/**
 * The ids in a process's resource name.
 *
 * @throws InvalidInputError if it is not the name of a process.
 */
export function parseProcessName(name: string): ProcessNameParts {
  const parts = typeof name === "string" ? matchProcessName(name) : undefined;
  if (!parts) {
    throw new InvalidInputError("name", PROCESS_RULE, shownValue(name));
  }
  return parts;
}

/**
 * Refuses what is not the resource name of an engine.
 *
 * @internal
 */
export function requireEngineName(field: string, name: unknown): void {
  if (typeof name !== "string" || !matchEngineName(name)) {
    throw new InvalidInputError(field, ENGINE_RULE, shownValue(name));
  }
}

/**
 * Refuses what is not the resource name of a process.
 *
 * @internal
 */
export function requireProcessName(field: string, name: unknown): void {
  if (typeof name !== "string" || !matchProcessName(name)) {
    throw new InvalidInputError(field, PROCESS_RULE, shownValue(name));
  }
}

/**
 * Refuses what cannot be the id of a new process.
 *
 * @internal
 */
export function requireProcessId(field: string, id: unknown): void {
  if (typeof id !== "string" || !isProcessId(id)) {
    throw new InvalidInputError(field, ID_RULE, shownValue(id));
  }
}
