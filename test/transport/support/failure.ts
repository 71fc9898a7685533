import { Code } from "@connectrpc/connect";
import { expect } from "vitest";

/** What to match the ConnectError of a failed call with. */
export function failure(code: keyof typeof Code, message: RegExp) {
  return { name: "ConnectError", code: Code[code], rawMessage: expect.stringMatching(message) };
}
