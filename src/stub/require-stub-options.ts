import { requireObject } from "./require-object.js";
import type { StubOptions } from "./stub-options.js";

/**
 * Refuses options of another kind than they must be, without showing tokens and secrets.
 *
 * @throws TypeError that names the option.
 */
export function requireStubOptions(options: StubOptions): void {
  requireObject("options", options);
  const { engines, users, secrets } = options;
  if (engines !== undefined && !Array.isArray(engines)) {
    throw new TypeError("engines: must be an array of names");
  }
  requireTexts("users", "the subject of each token", users);
  requireTexts("secrets", "the value of each version", secrets);
}

function requireTexts(
  option: string,
  what: string,
  texts: Readonly<Record<string, string>> | undefined,
): void {
  if (texts === undefined) {
    return;
  }
  requireObject(option, texts);
  if (Object.values(texts).some((text) => typeof text !== "string")) {
    throw new TypeError(`${option}: ${what} must be a string`);
  }
}
