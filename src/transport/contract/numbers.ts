import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  BUILT_IN,
  type Contract,
  ContractDifference,
  type NumberedMethod,
} from "../../contract/contract.js";
import { failed, type Outcome } from "../../errors/outcome.js";
import type { Attempt, ClientWire, OutputRequest, OutputSource } from "../wire.js";

/** What messages are written and read by. */
export interface Numbers {
  readonly contract: Contract;
  /** Whether nobody vouches for it, so that every answer is suspected. */
  readonly isGuarded: boolean;
}

/** The numbers of this package. */
export const OURS: Numbers = { contract: BUILT_IN, isGuarded: false };

/** A wire whose messages have numbers; those of this package where none are given. */
export interface NumberedWire extends ClientWire {
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    attempt: Attempt,
    numbers?: Numbers,
  ): Promise<Outcome<MessageShape<O>>>;
  output(request: OutputRequest, attempt: Attempt, numbers?: Numbers): OutputSource;
}

/** The message of a request, with the server's enum values. */
export function requestOf<M extends DescMethod>(
  { descriptor, request }: NumberedMethod<M>,
  input: MessageInitShape<M["input"]>,
): Outcome<MessageShape<M["input"]>> {
  try {
    return { ok: true, value: request(create<M["input"]>(descriptor.input, input)) };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const mismatch = thrown instanceof ContractDifference;
    return failed({
      kind: "local",
      code: Code.Internal,
      message: mismatch ? message : "the request cannot be encoded",
      mismatch,
      thrown: mismatch ? undefined : thrown,
    });
  }
}
