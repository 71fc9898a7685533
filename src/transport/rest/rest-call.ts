import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { FieldValueError } from "../../rest-rules/field-values.js";
import type { HttpRule } from "../../rest-rules/http-rule.js";
import { HttpRuleError, readHttpRule } from "../../rest-rules/http-rule.js";
import { renderRequest } from "../../rest-rules/request.js";
import type { HttpRequest } from "./http-exchange.js";
import { requestHeaders } from "./request-headers.js";

const rules = new WeakMap<DescMethod, HttpRule>();

/**
 * How a method is mapped to HTTP.
 *
 * @throws ConnectError Unimplemented if it is not.
 */
export function ruleOf(method: DescMethod): HttpRule {
  let rule = rules.get(method);
  if (!rule) {
    try {
      rule = readHttpRule(method);
    } catch (error) {
      throw error instanceof HttpRuleError
        ? new ConnectError(error.message, Code.Unimplemented, undefined, undefined, error)
        : error;
    }
    rules.set(method, rule);
  }
  return rule;
}

/**
 * The request that carries a message.
 *
 * @param prefix the path before that of the rule; empty for none.
 * @throws ConnectError InvalidArgument if a field cannot be part of a path or a query.
 */
export function requestOf(
  method: DescMethod,
  message: MessageShape<DescMethod["input"]>,
  header: Headers,
  prefix: string,
): HttpRequest {
  try {
    const rendered = renderRequest(ruleOf(method), message);
    const { path, query, body } = rendered;
    return {
      method: rendered.method,
      path: `${prefix}${path}${query === "" ? "" : `?${query}`}`,
      header: requestHeaders(header, body),
      body,
    };
  } catch (error) {
    throw error instanceof FieldValueError
      ? new ConnectError(error.message, Code.InvalidArgument, undefined, undefined, error)
      : error;
  }
}
