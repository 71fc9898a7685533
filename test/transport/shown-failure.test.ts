import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import type { Failure } from "../../src/errors/outcome.js";
import { shownFailure } from "../../src/transport/shown-failure.js";

const TOKEN = "abcdefgh12345678";

const evidence = {
  connection: undefined,
  answered: true,
  token: TOKEN,
  credentials: `Bearer ${TOKEN}`,
};

function refusal(authorization: string): Failure {
  const debug = { reason: "EXPIRED", metadata: { authorization } };
  const details = [{ type: "google.rpc.ErrorInfo", value: new Uint8Array(0), debug }];
  return { kind: "status", code: Code.Unauthenticated, message: "invalid credentials", details };
}

test("a token that stands in the details of an error only is hidden there", () => {
  const shown = shownFailure(refusal(`Bearer ${TOKEN}`), evidence);
  expect(shown).toEqual({ ...refusal("Bearer [hidden]"), cause: undefined });
});

test("a failure without the token is the same one", () => {
  const failure = refusal("Bearer another-one-of-these");
  expect(shownFailure(failure, evidence)).toBe(failure);
});
