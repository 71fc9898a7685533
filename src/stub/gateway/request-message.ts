import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { FieldValueError } from "../../rest-rules/field-values.js";
import { readRequest } from "../../rest-rules/request.js";
import type { Route } from "../../rest-rules/router.js";
import type { NodeRequest } from "../server/node-handler.js";
import { readJsonBody } from "./request-body.js";

/** The route of a request that a rule was found for. */
export type FoundRoute = Route & { readonly kind: "found" };

/**
 * Reads the message of a request: path, query and body.
 *
 * @throws ConnectError INVALID_ARGUMENT for what does not fit its field, and as readJsonBody does.
 */
export async function readRequestMessage(
  { rule, pathValues }: FoundRoute,
  query: string,
  request: NodeRequest,
): Promise<MessageShape<DescMessage>> {
  const hasBody = rule.body.kind !== "none";
  const body = hasBody ? await readJsonBody(request) : undefined;
  try {
    return readRequest(rule, { pathValues, query, body });
  } catch (error) {
    if (error instanceof FieldValueError || error instanceof URIError) {
      throw new ConnectError(error.message, Code.InvalidArgument);
    }
    throw error;
  }
}
