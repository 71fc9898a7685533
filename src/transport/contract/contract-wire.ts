import {
  clone,
  create,
  type DescMessage,
  type DescMethodUnary,
  isMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import {
  CreateProcessRequestSchema,
  ProcessService,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Limit } from "../../async/limit.js";
import { type Failure, type FailureKind, failed, type Outcome } from "../../errors/outcome.js";
import { isNamed } from "../../model/resource-names.js";
import {
  type Attempt,
  type Batch,
  type ClientWire,
  LEFT,
  type OutputSource,
  streamClosed,
} from "../wire.js";
import type { ContractSource } from "./contract-source.js";
import { mismatch, mismatchIn, suspected } from "./guard.js";
import type { NumberedWire, Numbers } from "./numbers.js";

/**
 * Speaks the contract of the server, as far as that is known. Where nobody vouches for the numbers,
 * every answer is checked, and nothing is executed before one was.
 */
export function contractWire(wire: NumberedWire, source: ContractSource): ClientWire {
  return {
    unary(method, input, attempt) {
      const { settled } = source;
      return settled && !settled.isGuarded
        ? wire.unary(method, input, attempt, settled)
        : unaryInDoubt(wire, source, method, input, attempt);
    },
    output(request, attempt) {
      const { settled } = source;
      return settled
        ? wire.output(request, attempt, settled)
        : new LateOutput(attempt, async (asking) => {
            const numbers = await source.settle(asking);
            return numbers.ok
              ? { ok: true, value: wire.output(request, attempt, numbers.value) }
              : numbers;
          });
    },
    close: () => wire.close(),
    doubt: () => source.doubt(),
  };
}

async function unaryInDoubt<I extends DescMessage, O extends DescMessage>(
  wire: NumberedWire,
  source: ContractSource,
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
  attempt: Attempt,
): Promise<Outcome<MessageShape<O>>> {
  const numbers = await source.settle(attempt);
  if (!numbers.ok) {
    return numbers;
  }
  if (!numbers.value.isGuarded) {
    return await wire.unary(method, input, attempt, numbers.value);
  }
  const { evidence, hints } = attempt;
  // A wait changes nothing.
  const hasEffect = method.idempotency !== Idempotency.NO_SIDE_EFFECTS && !hints.long;
  // A copy, since an interceptor may look at its own again.
  const message = clone(method.input, create(method.input, input));
  if (isMessage(message, CreateProcessRequestSchema)) {
    // The caller starts it, when the answer has shown that the request was understood.
    evidence.guardedCreate = true;
    message.autoRun = false;
  } else if (hasEffect && "name" in message) {
    const seen = await look(wire, `${message.name}`, attempt, numbers.value);
    if (!seen.ok) {
      return seen;
    }
  }
  const outcome = checked(
    await wire.unary(method, message as MessageInitShape<I>, attempt, numbers.value),
    (output) => mismatchIn(method, message, output),
    hasEffect ? "; the call had its effect, perhaps" : "",
  );
  const sign = outcome.ok ? undefined : outcome.failure.protocol;
  if (sign !== undefined && sign !== "spoken") {
    // Nothing has seen it: what follows over another protocol starts the process by itself.
    evidence.guardedCreate = false;
  }
  return outcome;
}

/** Looks at a process before something is done to it: reads it, and finds its name in the answer. */
async function look(
  wire: NumberedWire,
  name: string,
  attempt: Attempt,
  numbers: Numbers,
): Promise<Outcome<unknown>> {
  const method = ProcessService.method.getProcess;
  const answer = await wire.unary(method, { name }, attempt, numbers);
  const outcome = checked(answer, (output) =>
    isNamed(name, output.process?.name ?? "")
      ? mismatchIn(method, { name }, output)
      : `it is not about ${name}, which was asked for`,
  );
  // What was asked for was not sent.
  return outcome.ok || !AMBIGUOUS.has(outcome.failure.kind)
    ? outcome
    : failed({ ...outcome.failure, kind: "refused" });
}

const AMBIGUOUS = new Set<FailureKind>(["lost", "unavailable", "deadline"]);

function checked<T>(
  outcome: Outcome<T>,
  check: (value: T) => string | undefined,
  effect = "",
): Outcome<T> {
  if (outcome.ok) {
    const what = check(outcome.value);
    return what === undefined ? outcome : failed(mismatch(what, effect));
  }
  return failed(suspected(outcome.failure, effect));
}

/** A stream that is opened when the numbers are settled. */
class LateOutput implements OutputSource {
  readonly #opening: Promise<Failure | undefined>;
  readonly #limit: Limit;
  #source: OutputSource | undefined;

  constructor(attempt: Attempt, open: (asking: Attempt) => Promise<Outcome<OutputSource>>) {
    // Ends what is asked before when the stream is left.
    this.#limit = attempt.limit.within({});
    this.#opening = open({ ...attempt, limit: this.#limit }).then((opened) => {
      const isLeft = this.#limit.isEnded;
      this.#limit.release();
      if (!opened.ok) {
        return opened.failure;
      }
      if (isLeft) {
        opened.value.close();
        return LEFT;
      }
      this.#source = opened.value;
      return undefined;
    });
  }

  take(): Batch | undefined {
    return this.#source?.take();
  }

  async wait(): Promise<Outcome<"batch" | "end">> {
    const failure = await this.#opening;
    return failure || !this.#source ? failed(failure ?? LEFT) : await this.#source.wait();
  }

  close(): void {
    this.#limit.end(streamClosed);
    this.#source?.close();
  }
}
