import type { DescMethod } from "@bufbuild/protobuf";
import type { HttpRoute } from "../../diagnostics/messages.js";
import { type HttpRule, readHttpRule } from "../../rest-rules/http-rule.js";

const rules = new Map<DescMethod, HttpRule>();

/**
 * How a method of the contract is mapped to HTTP. Read once.
 *
 * @throws HttpRuleError where the method has no rule that can be used.
 */
export function ruleOf(method: DescMethod): HttpRule {
  let rule = rules.get(method);
  if (!rule) {
    rule = readHttpRule(method);
    rules.set(method, rule);
  }
  return rule;
}

/** The HTTP method and the path template that a method of the contract is mapped to. */
export function routeOf(method: DescMethod): HttpRoute {
  const { method: httpMethod, path } = ruleOf(method);
  return { method: httpMethod, template: path };
}
