import { Code } from "@connectrpc/connect";

/** What a call was about whose answer cannot be true. */
export interface ContractMismatch extends ErrorOptions {
  /** The RPC, such as `GetProcess`. */
  readonly method: string;
  /** The resource name that it was about. */
  readonly resource: string;
}

/**
 * The server does not speak the contract that the client takes it for: an answer is about another
 * resource, cannot be true, or a field is of another type there. Field and enum numbers of AIEM are not
 * published: see docs/transports.md, "Field and enum numbers". Never retried. After CreateProcess and
 * StartProcess the process may run all the same; the message names it.
 */
export class ContractMismatchError extends Error implements ContractMismatch {
  /** Always `"ContractMismatchError"`. */
  override readonly name = "ContractMismatchError";
  /** Always `Code.Internal`. */
  readonly code = Code.Internal;
  readonly method: string;
  readonly resource: string;

  constructor(message: string, { method, resource, cause }: ContractMismatch) {
    super(message, cause === undefined ? undefined : { cause });
    this.method = method;
    this.resource = resource;
  }
}
