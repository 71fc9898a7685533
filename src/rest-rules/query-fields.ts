import type { DescMessage, DescMethod } from "@bufbuild/protobuf";

import { type FieldPath, type MessageField, protoPath } from "./field-path.js";
import type { BodyBinding, PathVariable } from "./http-rule.js";
import { HttpRuleError } from "./http-rule-error.js";
import { isTextField } from "./text-values.js";

/**
 * The fields that are neither in the path nor in the body, and travel in the query: those of nested
 * messages one by one.
 *
 * @throws HttpRuleError for a field that no query can carry.
 */
export function queryFields(
  rpc: DescMethod,
  variables: readonly PathVariable[],
  body: BodyBinding,
): ReadonlyMap<string, FieldPath> {
  const found = new Map<string, FieldPath>();
  const inPath = new Set(variables.map(({ path }) => protoPath(path)));

  function collect(message: DescMessage, parents: readonly MessageField[]): void {
    for (const leaf of message.fields) {
      const path = { parents, leaf };
      const name = protoPath(path);
      if (inPath.has(name) || (body.kind === "field" && body.field === leaf)) {
        continue;
      }
      if (isTextField(leaf)) {
        found.set(name, path);
        continue;
      }
      if (leaf.fieldKind !== "message" || isOpaque(leaf.message) || parents.includes(leaf)) {
        throw new HttpRuleError(rpc, `no query can carry the field ${name}`);
      }
      collect(leaf.message, [...parents, leaf]);
    }
  }

  if (body.kind !== "message") {
    collect(rpc.input, []);
  }
  return found;
}

// Those of the well-known types that are not written field by field, or not as text.
function isOpaque({ typeName, fields }: DescMessage): boolean {
  return typeName.startsWith("google.protobuf.") && fields.length > 0;
}
