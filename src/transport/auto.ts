import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type Failure, failed, type Outcome } from "../errors/outcome.js";
import type { ContractSource } from "./contract/contract-source.js";
import { DoubtfulOutput } from "./doubtful-output.js";
import { foreign } from "./foreign-failure.js";
import type { ContractOrigin, ProtocolEvent, ProtocolHook } from "./protocol-event.js";
import { shownFailure } from "./shown-failure.js";
import {
  type Attempt,
  type ClientWire,
  LEFT,
  type OutputRequest,
  type OutputSource,
} from "./wire.js";

/** What to choose from. */
export interface AutoOptions {
  readonly grpc: ClientWire;
  readonly rest: ClientWire;
  /** Whose numbers gRPC uses. */
  readonly contract: ContractSource;
  readonly onProtocol: ProtocolHook | undefined;
}

/**
 * Speaks gRPC, until an answer proves that REST is spoken there instead; and the other way around
 * from then on. Where there is doubt, a read asks the other protocol: the call itself, if it is a
 * short read, or else a read in its place. A call with an effect goes over the other protocol only
 * when that is settled. Calls that run at the same time do not wait for each other.
 */
export function autoWire(options: AutoOptions): ClientWire {
  return new AutoWire(options);
}

type Protocol = ProtocolEvent["protocol"];

const OTHER = { grpc: "rest", rest: "grpc" } as const;
const NAMES = { grpc: "gRPC", rest: "REST" } as const;
// Long enough for an answer, and short enough to follow the time that the silence of gRPC took.
const PROBE_TIMEOUT_MS = 10_000;
// How long numbers that nobody vouches for are used before REST is asked for again, which could not be
// reached.
const UNVOUCHED_MS = 60_000;

/** A failed attempt after which the other protocol is to be asked. */
interface Doubt {
  /** What was settled when the attempt began. */
  readonly before: Protocol | undefined;
  readonly first: Protocol;
  readonly failure: Failure;
  /** Whether the other protocol is settled, so that it need not be asked. */
  readonly isSettled: boolean;
}

class AutoWire implements ClientWire {
  readonly #wires: Readonly<Record<Protocol, ClientWire>>;
  readonly #onProtocol: ProtocolHook | undefined;
  readonly #contract: ContractSource;
  #settled: Protocol | undefined;
  // What was told of the numbers of gRPC.
  #origin: ContractOrigin | undefined;

  constructor({ grpc, rest, contract, onProtocol }: AutoOptions) {
    this.#contract = contract;
    this.#wires = { grpc, rest };
    this.#onProtocol = onProtocol;
  }

  close(): void {
    this.#wires.grpc.close();
    this.#wires.rest.close();
  }

  doubt(): void {
    this.#contract.doubt();
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    attempt: Attempt,
  ): Promise<Outcome<MessageShape<O>>> {
    const before = this.#settled;
    try {
      const outcome = await this.#wires[before ?? "grpc"].unary(method, input, attempt);
      const doubt = this.#doubt(before, outcome, attempt);
      if (!doubt) {
        return outcome;
      }
      const other = this.#wires[OTHER[doubt.first]];
      const send = () => other.unary(method, input, attempt);
      if (doubt.isSettled) {
        return await send();
      }
      const isShortRead = method.idempotency === Idempotency.NO_SIDE_EFFECTS && !attempt.hints.long;
      // An answer that REST may never give must leave time for gRPC.
      if (isShortRead && doubt.failure.protocol !== "unvouched") {
        const answer = await send();
        if (this.#judge(doubt, answer)) {
          return answer;
        }
        return this.#isAccepted(doubt, answer, attempt)
          ? await this.unary(method, input, attempt)
          : failed(neither(doubt, answer, attempt));
      }
      const asked = await ask(other, method, input, attempt);
      if (this.#judge(doubt, asked)) {
        return attempt.limit.isEnded ? failed(LEFT) : await send();
      }
      return this.#isAccepted(doubt, asked, attempt)
        ? await this.unary(method, input, attempt)
        : failed(neither(doubt, asked, attempt));
    } catch (thrown) {
      return failed(foreign("local", thrown));
    }
  }

  output(request: OutputRequest, attempt: Attempt): OutputSource {
    const before = this.#settled;
    const source = this.#wires[before ?? "grpc"].output(request, attempt);
    return new DoubtfulOutput(source, (outcome) =>
      this.#outputInstead(request, attempt, before, outcome),
    );
  }

  /**
   * Looks at how a stream begins.
   *
   * @returns what to read instead: a stream over the other protocol, or a failure.
   * @throws what the hook throws.
   */
  async #outputInstead(
    request: OutputRequest,
    attempt: Attempt,
    before: Protocol | undefined,
    outcome: Outcome<unknown>,
  ): Promise<OutputSource | Failure | undefined> {
    const doubt = this.#doubt(before, outcome, attempt);
    if (!doubt) {
      return undefined;
    }
    const other = this.#wires[OTHER[doubt.first]];
    if (!doubt.isSettled) {
      const asked = await ask(
        other,
        ProcessService.method.getProcess,
        { name: request.name },
        attempt,
      );
      if (!this.#judge(doubt, asked)) {
        return this.#isAccepted(doubt, asked, attempt)
          ? this.output(request, attempt)
          : neither(doubt, asked, attempt);
      }
    }
    return attempt.limit.isEnded ? LEFT : other.output(request, attempt);
  }

  /**
   * Notes what an attempt came to.
   *
   * @returns undefined if that is to stand.
   * @throws what the hook throws.
   */
  #doubt(
    before: Protocol | undefined,
    outcome: Outcome<unknown>,
    { limit, evidence }: Attempt,
  ): Doubt | undefined {
    const first = before ?? "grpc";
    if (isOwn(outcome)) {
      this.#settle(before, first, "the server has answered");
      this.#tellNumbers();
    }
    if (outcome.ok || limit.isEnded) {
      return undefined;
    }
    const failure = shownFailure(outcome.failure, evidence);
    const doubt = { before, first, failure };
    switch (failure.protocol) {
      case "excluded":
        this.#settle(before, OTHER[first], failure.message, failure);
        return { ...doubt, isSettled: true };
      case "foreign":
      case "unvouched":
        return { ...doubt, isSettled: this.#settled === OTHER[first] };
      case "silent":
        // A server that has spoken a protocol may be silent for a while, and still speak it.
        return before === undefined && this.#settled !== "grpc"
          ? { ...doubt, isSettled: this.#settled === OTHER[first] }
          : undefined;
      case "spoken":
      case undefined:
        return undefined;
    }
  }

  /**
   * Judges by what the other protocol came to whether that is the one to speak.
   *
   * @throws what the hook throws.
   */
  #judge({ before, first, failure }: Doubt, answer: Outcome<unknown>): boolean {
    if (isOwn(answer)) {
      this.#settle(before, OTHER[first], failure.message, failure);
      return true;
    }
    return false;
  }

  /**
   * Whether gRPC is to be spoken with numbers that nobody vouches for, since REST is not spoken.
   *
   * @param answer what REST was found to be.
   */
  #isAccepted({ failure }: Doubt, answer: Outcome<unknown>, { limit }: Attempt): boolean {
    const isLeft = limit.isEnded && !limit.isOverdue;
    if (failure.protocol !== "unvouched" || isLeft || answer.ok) {
      return false;
    }
    const { protocol } = answer.failure;
    const isProved = protocol === "foreign" || protocol === "excluded";
    // Also where that took all the time of this call: the next one must not wait for it again.
    this.#contract.accept(isProved ? Number.POSITIVE_INFINITY : UNVOUCHED_MS);
    return !limit.isEnded;
  }

  /**
   * Tells of numbers that gRPC uses from now on, where others were told of.
   *
   * @throws what the hook throws.
   */
  #tellNumbers(): void {
    const { settled } = this.#contract;
    if (this.#settled === "grpc" && settled && settled.origin !== this.#origin) {
      const { origin, reason, contract } = settled;
      const { adapted } = contract;
      this.#origin = origin;
      this.#onProtocol?.({
        protocol: "grpc",
        contract: origin,
        adapted,
        reason,
        error: undefined,
      });
    }
  }

  /**
   * Settles on a protocol, unless another call has done so meanwhile.
   *
   * @throws what the hook throws.
   */
  #settle(
    before: Protocol | undefined,
    protocol: Protocol,
    reason: string,
    failure?: Failure,
  ): void {
    if (this.#settled === before && before !== protocol) {
      this.#settled = protocol;
      const error =
        failure &&
        new ConnectError(reason, failure.code, failure.metadata, undefined, failure.cause);
      this.#origin =
        protocol === "grpc" ? (this.#contract.settled?.origin ?? "guarded") : undefined;
      const adapted = this.#origin && this.#contract.settled?.contract.adapted;
      this.#onProtocol?.({ protocol, contract: this.#origin ?? "names", adapted, reason, error });
    }
  }
}

/** Whether an answer is one that the protocol has, from a server that speaks it. */
function isOwn(outcome: Outcome<unknown>): boolean {
  return outcome.ok || outcome.failure.protocol === "spoken";
}

/** Asks whether a protocol is spoken, by a short read about the resource of a call. */
async function ask(
  wire: ClientWire,
  method: { readonly input: DescMessage },
  input: MessageInitShape<DescMessage>,
  attempt: Attempt,
): Promise<Outcome<unknown>> {
  const message = create(method.input, input);
  const { headers, rejectedToken } = attempt.hints;
  const limit = attempt.limit.within({ ms: PROBE_TIMEOUT_MS });
  // What is known of the token is known of the call's.
  const asking: Attempt = { hints: { headers, rejectedToken }, limit, evidence: attempt.evidence };
  try {
    if ("parent" in message && typeof message.parent === "string") {
      const request = { parent: message.parent, pageSize: 1 };
      return await wire.unary(ProcessService.method.listProcesses, request, asking);
    }
    const name = "name" in message && typeof message.name === "string" ? message.name : "";
    return await wire.unary(ProcessService.method.getProcess, { name }, asking);
  } finally {
    limit.release();
  }
}

/**
 * The failure of a call where neither protocol is spoken now. That may pass: an edge has bad moments,
 * and nothing has seen the call. But one that accepts connections and says nothing at all is told at
 * once, or it would be waited for again and again.
 */
function neither({ first, failure }: Doubt, answer: Outcome<unknown>, { limit }: Attempt): Failure {
  const other = answer.ok ? LEFT : answer.failure;
  if (limit.isEnded && !limit.isOverdue) {
    return LEFT;
  }
  const isSilent = other === LEFT || other.protocol === "silent";
  if (isSilent && failure.protocol === "silent") {
    const message = `${failure.message}; nor does it answer over REST`;
    return { ...failure, message, delay: "never" };
  }
  if (isSilent) {
    const kind = failure.kind === "local" ? "refused" : failure.kind;
    return limit.isEnded ? LEFT : { ...failure, kind };
  }
  // What only a connection came to says less than an answer.
  const isBetter = failure.kind !== "status" && other.kind !== "local" && other.kind !== "refused";
  const [told, added] = isBetter ? [other, first] : [failure, OTHER[first]];
  const extra = isBetter ? failure.message : other.message;
  const isFinal = told.kind === "status" && (isBetter || other.kind === "status");
  return {
    ...told,
    kind: isFinal ? "status" : "refused",
    message: `${told.message}; over ${NAMES[added]}: ${extra}`,
    delay: other.delay ?? failure.delay,
  };
}
