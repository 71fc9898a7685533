import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { FailureThrown } from "../../src/errors/outcome.js";
import { parseAiemUrl } from "../../src/transport/aiem-url.js";
import { connectFailure } from "../../src/transport/failures.js";

const ADDRESS = parseAiemUrl("https://aiem.example.com");

// A reason that may pass refuses the call; one that stays until somebody changes something is local.
test.each([
  ["ECONNREFUSED", "refused", /connection refused/],
  ["ENOTFOUND", "refused", /no address found for aiem\.example\.com \(ENOTFOUND\)/],
  ["EAI_AGAIN", "refused", /no address found for aiem\.example\.com \(EAI_AGAIN\)/],
  ["ETIMEDOUT", "refused", /no answer/],
  ["EHOSTUNREACH", "refused", /original text/],
  ["EMFILE", "refused", /: this process has .* its limit allows \(EMFILE\); raise .*ulimit -n/],
  ["ENFILE", "refused", /: this machine has .* its limit allows \(ENFILE\); raise/],
  ["CERT_NOT_YET_VALID", "local", /not valid yet/],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "local", /sslClientCert/],
  ["ERR_SSL_NO_PROTOCOLS_AVAILABLE", "local", /handshake failed/],
  ["ERR_HTTP2_ERROR", "local", /does not speak the expected HTTP version/],
])("%s is told as %s, with the address", (code, kind, text) => {
  const cause = Object.assign(new Error("original text"), { code });
  const failure = connectFailure(cause, ADDRESS);
  expect(failure).toMatchObject({ kind, code: Code.Unavailable });
  expect(failure.message).toMatch(/^cannot connect to https:\/\/aiem\.example\.com: /);
  expect(failure.message).toMatch(text);
  expect(failure.cause).toBe(cause);
});

test.each([
  ["ERR_HTTP2_ERROR", true],
  ["HPE_INVALID_CONSTANT", true],
  ["ECONNREFUSED", false],
  ["CERT_HAS_EXPIRED", false],
])("%s proves that gRPC is not spoken there: %s", (code, isProof) => {
  const { protocol } = connectFailure(Object.assign(new Error(), { code }), ADDRESS);
  expect(protocol).toBe(isProof ? "foreign" : undefined);
});

test("a failure that is told already stays as it is", () => {
  const kind = "local";
  const failure = { kind, code: Code.FailedPrecondition, message: "/a cannot be read" } as const;
  expect(connectFailure(new FailureThrown(failure), ADDRESS)).toBe(failure);
});

test("what is no error is told in words", () => {
  const failure = connectFailure("a string", ADDRESS);
  expect(failure).toMatchObject({ kind: "refused", cause: "a string" });
  expect(failure.message).toMatch(/: a string$/);
});
