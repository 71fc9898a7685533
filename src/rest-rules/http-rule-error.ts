import type { DescMethod } from "@bufbuild/protobuf";

/** A google.api.http rule that is missing, wrong, or of a kind that is not supported. */
export class HttpRuleError extends Error {
  override readonly name = "HttpRuleError";

  constructor({ parent, name }: DescMethod, reason: string) {
    super(`google.api.http of ${parent.typeName}.${name}: ${reason}`);
  }
}
