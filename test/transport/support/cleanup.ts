import { afterEach } from "vitest";
import type { TestTransport } from "../../support/create-transport.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

/** Closes what a test opened, after the test. */
export function closing<T extends Pick<TestTransport, "close"> | { close(): Promise<void> }>(
  opened: T,
): T {
  cleanups.push(() => opened.close());
  return opened;
}
