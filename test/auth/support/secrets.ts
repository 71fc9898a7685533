import { inspect } from "node:util";
import { expect } from "vitest";

/** Everything that an error shows to whoever logs it, by whatever way. */
function shownBy(error: unknown): string {
  const texts = [
    String(error),
    inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
    JSON.stringify(error) ?? "",
  ];
  for (let at = error; at instanceof Error; at = at.cause) {
    texts.push(at.message, at.stack ?? "");
    texts.push(...Reflect.ownKeys(at).map((key) => textOf(Reflect.get(at, key))));
  }
  return texts.join("\n");
}

// Bytes are shown as numbers, which anybody can read.
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : inspect(value);
}

/** Holds that an error tells something, and none of the secrets. */
export function expectNoSecrets(error: unknown, ...secrets: readonly string[]): void {
  expect(error).toBeInstanceOf(Error);
  const shown = shownBy(error);
  expect(shown.length).toBeGreaterThan(20);
  expect(secrets.length).toBeGreaterThan(0);
  for (const secret of secrets) {
    expect(shown).not.toContain(secret);
  }
}
