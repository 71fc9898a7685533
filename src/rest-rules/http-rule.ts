import type { DescField, DescMethod } from "@bufbuild/protobuf";

import type { FieldPath } from "./field-path.js";
import type { PathTemplate, TemplateVariable } from "./path-template.js";

/** The methods of HTTP that a rule can name. */
export type HttpMethod = "GET" | "PUT" | "POST" | "DELETE" | "PATCH";

/** What of a message travels in the body of a request. */
export type BodyBinding =
  | { readonly kind: "none" }
  /** `body: "*"`: every field that is not in the path. */
  | { readonly kind: "message" }
  /** `body: "field"`: the value of one field. */
  | { readonly kind: "field"; readonly field: DescField };

/** A variable of a path and the field that it is bound to. */
export interface PathVariable extends TemplateVariable {
  readonly path: FieldPath;
}

/** How one RPC is mapped to HTTP, as its google.api.http option says. */
export interface HttpRule {
  readonly rpc: DescMethod;
  readonly method: HttpMethod;
  readonly template: PathTemplate;
  readonly variables: readonly PathVariable[];
  readonly body: BodyBinding;
  /** The fields that travel in the query, by their paths in proto names: `page_size`. */
  readonly query: ReadonlyMap<string, FieldPath>;
}
