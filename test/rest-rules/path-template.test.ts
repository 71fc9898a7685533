import { describe, expect, test } from "vitest";

import { parsePathTemplate, variablePattern } from "../../src/rest-rules/path-template.js";

const literal = (text: string) => ({ kind: "literal", text });
const wildcard = { kind: "wildcard" };

describe("parsePathTemplate", () => {
  test("reads literals, variables with and without a template of their own, and a verb", () => {
    const template = parsePathTemplate("/v1/{a=things/*/parts/*}/x/{c}:do");
    expect(template).toEqual({
      segments: [
        literal("v1"),
        literal("things"),
        wildcard,
        literal("parts"),
        wildcard,
        literal("x"),
        wildcard,
      ],
      variables: [
        { name: "a", start: 1, end: 5 },
        { name: "c", start: 6, end: 7 },
      ],
      verb: "do",
    });
    expect(template.variables.map((one) => variablePattern(template, one))).toEqual([
      "things/*/parts/*",
      "*",
    ]);
  });

  test.each([
    ["/v1", undefined],
    ["/v1:do", "do"],
    ["/v1/{name=a/*}", undefined],
    ["/v1/a.b-c_d~$:do.it", "do.it"],
  ])("tells of %s that its verb is %s", (text, verb) => {
    expect(parsePathTemplate(text).verb).toBe(verb);
  });

  test.each([
    "",
    "v1/things",
    "/",
    "/v1/",
    "/v1//things",
    "/v1/**",
    "/v1/{name=**}",
    "/v1/{name=things/**}",
    "/v1/a*",
    "/v1/{name",
    "/v1/name}",
    "/v1/{name}x",
    "/v1/x{name}",
    "/v1/{}",
    "/v1/{name=}",
    "/v1/{name=/a}",
    "/v1/{name=a//b}",
    "/v1/{na-me}",
    "/v1/{a.b}",
    "/v1/{a={b}}",
    "/v1/{name}/{name}",
    "/v1/a:b/c",
    "/v1/a:",
    "/v1/a:b:c",
    "/v1/a=b",
  ])("refuses %j", (text) => {
    expect(() => parsePathTemplate(text)).toThrow(Error);
  });
});
