import fc from "fast-check";
import { expect, test } from "vitest";
import { redact } from "../../../src/auth/refresh/redact.js";

test("hides a secret wherever it stands, as it is and as URLs and forms spell it", () => {
  const secret = fc.string({ minLength: 8, unit: "binary" });
  const around = fc.string({ maxLength: 20 });
  fc.assert(
    fc.property(secret, around, around, (value, before, after) => {
      // A secret that the replacement holds cannot be told from it.
      fc.pre(!"[hidden]".includes(value) && !`${before}[hidden]${after}`.includes(value));
      const form = new URLSearchParams({ v: value }).toString().slice(2);
      for (const spelled of [value, encodeURIComponent(value), form]) {
        expect(redact(before + spelled + after, [value])).not.toContain(value);
      }
    }),
  );
});

test("hides a short secret as a word, and not as a part of others", () => {
  const text = "invalid_grant: r of client (dev), not developer";
  expect(redact(text, ["r", "dev"])).toBe(
    "invalid_grant: [hidden] of client ([hidden]), not developer",
  );
});

test("leaves what is no secret as it is", () => {
  const text = "the session has expired; log in at https://idp.example.com/login";
  expect(redact(text, ["refresh-token", "client-secret", ""])).toBe(text);
});

test("hides tokens that it does not know, and pieces of those that it does", () => {
  expect(redact("bad eyJhbGciOiJub25lIn0.e30.sig here", [])).toBe("bad [hidden] here");
  expect(redact("bad 0123456789… here", ["0123456789abcdef"])).toBe("bad [hidden]… here");
});

test("takes a secret that is no proper text", () => {
  expect(redact("half \ud800 a character", ["\ud800 a"])).toBe("half [hidden] character");
});

test("makes one line of it that is not long", () => {
  expect(redact("a\r\nb\tc\u2028d", [])).toBe("a b c d");
  expect(redact("é".repeat(1_000), [])).toHaveLength(500);
});
