import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { parseAiemUrl } from "../../../src/transport/aiem-url.js";
import {
  connectFailure,
  connectFailureKind,
} from "../../../src/transport/errors/connect-failure.js";

const ADDRESS = parseAiemUrl("https://aiem.example.com");

test.each([
  ["ECONNREFUSED", "refused", /connection refused/],
  ["ENOTFOUND", "dns", /no address found for aiem\.example\.com \(ENOTFOUND\)/],
  ["EAI_AGAIN", "dns", /no address found for aiem\.example\.com \(EAI_AGAIN\)/],
  ["ETIMEDOUT", "timeout", /no answer/],
  ["EHOSTUNREACH", "network", /original text/],
  ["CERT_NOT_YET_VALID", "certificate", /not valid yet/],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "certificate", /sslClientCert/],
  ["ERR_SSL_NO_PROTOCOLS_AVAILABLE", "tls", /handshake failed/],
  ["ERR_HTTP2_ERROR", "protocol", /does not speak the expected HTTP version/],
])("%s is told as %s, with the address", (code, kind, text) => {
  const cause = Object.assign(new Error("original text"), { code });
  const error = connectFailure(cause, ADDRESS);
  expect(error.code).toBe(Code.Unavailable);
  expect(error.rawMessage).toMatch(/^cannot connect to https:\/\/aiem\.example\.com: /);
  expect(error.rawMessage).toMatch(text);
  expect(error.cause).toBe(cause);
  expect(connectFailureKind(error)).toBe(kind);
});

test("an error that is explained already stays as it is", () => {
  const error = new ConnectError("sslCaCert /a cannot be read", Code.FailedPrecondition);
  expect(connectFailure(error, ADDRESS)).toBe(error);
  expect(connectFailureKind(error)).toBe("options");
});

test("other errors have no kind", () => {
  expect(connectFailureKind(new Error("x"))).toBeUndefined();
  expect(connectFailureKind(undefined)).toBeUndefined();
});
