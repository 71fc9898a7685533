import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { messageOf, UsageError } from "./failure.js";

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  "": 1_000,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const RULE = "It must be a duration such as 30, 30s, 5m or 500ms.";

/** Reads a duration, in seconds where there is no unit, as milliseconds. */
export function parseDuration(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const milliseconds = Math.round(Number(digits) * (MILLISECONDS[unit] ?? Number.NaN));
  if (digits === undefined || !Number.isSafeInteger(milliseconds)) {
    throw new InvalidArgumentError(RULE);
  }
  return milliseconds;
}

/** Reads a whole number of at least 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError("It must be a whole number, 1 or more.");
  }
  return count;
}

/** Reads the number of a port; 0 is one that is free. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
  }
  return port;
}

/** Adds a value to an option that can be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

/** Reads the file that an option names. */
export function readFileOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
