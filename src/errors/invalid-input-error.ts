import { Code } from "@connectrpc/connect";

/** An argument breaks a rule. Nothing was sent. */
export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
  /** Always `Code.InvalidArgument`. */
  readonly code = Code.InvalidArgument;
  /** The argument or option, such as `processId` or `spec.workingDirectory`. */
  readonly field: string;
  /** What the field must be, such as `must be an absolute path`. */
  readonly rule: string;

  /** @param shown the value as the message may show it; leave it out for what may be secret. */
  constructor(field: string, rule: string, shown?: string) {
    super(`${field} ${rule}${shown === undefined ? "" : `, but is ${shown}`}`);
    this.field = field;
    this.rule = rule;
  }
}
