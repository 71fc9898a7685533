import {
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
import { type Failure, type FailureKind, failed, type Outcome } from "../../errors/outcome.js";
import { type Attempt, type Batch, type ClientWire, LEFT, type OutputSource } from "../wire.js";
import type { ContractSource } from "./contract-source.js";
import { mismatch, mismatchIn } from "./guard.js";
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
        : new LateOutput(async () => {
            const numbers = await source.settle(attempt);
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
  const message = create(method.input, input);
  if (isMessage(message, CreateProcessRequestSchema) && message.autoRun) {
    // The caller starts it, when the answer has shown that the request was understood.
    attempt.evidence.startWithheld = true;
    message.autoRun = false;
  } else if (method.idempotency !== Idempotency.NO_SIDE_EFFECTS && "name" in message) {
    const seen = await look(wire, `${message.name}`, attempt, numbers.value);
    if (!seen.ok) {
      return seen;
    }
  }
  return checked(
    await wire.unary(method, message as MessageInitShape<I>, attempt, numbers.value),
    (output) => mismatchIn(method, message, output),
    method.idempotency === Idempotency.NO_SIDE_EFFECTS ? "" : "; the call had its effect, perhaps",
  );
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
    output.process?.name === name
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
  const { failure } = outcome;
  return failure.kind === "unreadable" && !failure.mismatch
    ? failed({ ...mismatch(failure.message, effect), cause: failure.cause })
    : outcome;
}

/** A stream whose wire is to be prepared first. */
class LateOutput implements OutputSource {
  readonly #opening: Promise<Failure | undefined>;
  #source: OutputSource | undefined;
  #isClosed = false;

  constructor(open: () => Promise<Outcome<OutputSource>>) {
    this.#opening = open().then((opened) => {
      if (!opened.ok) {
        return opened.failure;
      }
      if (this.#isClosed) {
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
    this.#isClosed = true;
    this.#source?.close();
  }
}
