import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ProcessService } from "../../src/gen.js";
import { readHttpRule } from "../../src/rest-rules/http-rule.js";
import { readRequest, renderRequest } from "../../src/rest-rules/request.js";
import { createRouter } from "../../src/rest-rules/router.js";
import { COLOR, field, testMethod } from "./support/descriptors.js";
import { anyMessage, anyText } from "./support/message-arbitrary.js";

const route = createRouter(ProcessService.methods.map(readHttpRule));

// A segment of a path. One with a colon could be taken for an id and a verb.
const segment = anyText.filter((text) => !/^\.{0,2}$|[/:]/.test(text));
const resource = (...collections: string[]) =>
  fc
    .tuple(...collections.map(() => segment))
    .map((ids) => collections.map((collection, index) => `${collection}/${ids[index]}`).join("/"));

const parent = resource("workspaces", "sandboxEngines");
const name = resource("workspaces", "sandboxEngines", "processes");

/** What the other side reads of a message that this side sends. */
function throughHttp(rpc: DescMethod, message: MessageShape<DescMethod["input"]>) {
  const { method, path, query, body } = renderRequest(readHttpRule(rpc), message);
  expect(`${path}?${query}`).toMatch(/^[A-Za-z0-9\-._~%/:?=&]*$/);
  const found = (rpc.parent === ProcessService ? route : createRouter([readHttpRule(rpc)]))(
    method,
    path,
  );
  if (found.kind !== "found") {
    throw new Error(`${method} ${path} is for no RPC: ${found.kind}`);
  }
  expect(found.rule.rpc).toBe(rpc);
  return readRequest(found.rule, {
    pathValues: found.pathValues,
    query,
    body: body === undefined ? undefined : JSON.parse(body),
  });
}

describe("a message that is rendered and read", () => {
  test.each(ProcessService.methods.map((rpc): [string, DescMethod] => [rpc.name, rpc]))(
    "is the same again (%s)",
    (_name, rpc) => {
      const messages = fc.tuple(anyMessage(rpc.input), parent, name).map(([message, ...names]) => {
        const [parentName, processName] = names;
        return Object.assign(
          message,
          "parent" in message ? { parent: parentName } : { name: processName },
        );
      });
      fc.assert(
        fc.property(messages, (message) => {
          expect(throughHttp(rpc, message)).toEqual(message);
        }),
        { numRuns: 300 },
      );
    },
  );

  test.each([
    { get: "/v1/{number}/{flag}/{color}/x" },
    { post: "/v1/{text}:go", body: "inner" },
    { post: "/v1/{color}", body: "*" },
  ])("is the same again by the rule %j", (rule) => {
    const fields = [
      field("text", 1, "string"),
      field("number", 2, "int32"),
      field("flag", 3, "bool"),
      field("color", 4, ".test.Color", { isEnum: true }),
      ...("body" in rule ? [field("inner", 5, ".test.Inner")] : []),
    ];
    const inner = { name: "Inner", field: [field("text", 1, "string")] };
    const rpc = testMethod(rule, fields, { enumType: [COLOR], messageType: [inner] });
    const messages = fc
      .tuple(anyMessage(rpc.input), segment)
      .map(([message, text]) => Object.assign(message, { text }));
    fc.assert(
      fc.property(messages, (message) => {
        expect(throughHttp(rpc, message)).toEqual(message);
      }),
    );
  });
});
