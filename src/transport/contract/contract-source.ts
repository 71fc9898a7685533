import { Code } from "@connectrpc/connect";
import { unlessEnded } from "../../async/limit.js";
import { BUILT_IN, type Contract, contractOfSet } from "../../contract/contract.js";
import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { type Failure, failed, type Outcome } from "../../errors/outcome.js";
import type { ContractOption } from "../connection-config.js";
import { foreign } from "../foreign-failure.js";
import type { ContractOrigin } from "../protocol-event.js";
import { type Attempt, type Connection, LEFT } from "../wire.js";
import type { Numbers } from "./numbers.js";

/** The numbers that a client uses, and who vouches for them. */
export interface SettledNumbers extends Numbers {
  readonly origin: ContractOrigin;
  /** Why, in words. */
  readonly reason: string;
}

/** What a server says when it is asked for its contract. */
export type Told =
  | { readonly contract: Contract }
  /** It does not tell. */
  | { readonly refusal: string }
  /**
   * It said nothing for so long, in milliseconds, over a connection that may still be good for other
   * calls. The failure is that of the call, where that was not long enough.
   */
  | { readonly silentMs: number; readonly connection: Connection; readonly failure: Failure }
  /** It could not be asked; or the answer was `broken` off, over that connection. */
  | { readonly failure: Failure; readonly broken?: Connection | undefined };

/**
 * Asks the server, as a call does that waits for it.
 *
 * @param silentMs how long it has been silent about this over a connection before, in milliseconds.
 */
export type AskServer = (
  call: Pick<Attempt, "hints" | "limit">,
  silentMs: (connection: Connection) => number,
) => Promise<Told>;

/** Which numbers a client speaks. */
export interface ContractSource {
  /** What is settled; undefined where the server has to be asked. */
  readonly settled: SettledNumbers | undefined;
  /** Settles it, if it is not yet, within the time of a call. */
  settle(attempt: Attempt): Promise<Outcome<SettledNumbers>>;
  /** Accepts that nobody vouches, as far as `auto` is concerned: for so long, in milliseconds. */
  accept(forMs: number): void;
  /** An answer could not be true: asks again, though not often. */
  doubt(): void;
}

/** Contracts that are given need not be asked for. */
export function givenContract(option: ContractOption): ContractSource | undefined {
  if (option === "reflection") {
    return undefined;
  }
  const isBuiltIn = option === "built-in";
  const contract = isBuiltIn ? BUILT_IN : read(option);
  const settled: SettledNumbers = {
    contract,
    isGuarded: false,
    origin: isBuiltIn ? "built-in" : "descriptors",
    reason: "the option contract says so",
  };
  return fixed(settled);
}

/** Nobody vouches, and nobody can be asked. */
export function guardedContract(reason: string): ContractSource {
  return fixed({ contract: BUILT_IN, isGuarded: true, origin: "guarded", reason });
}

function fixed(settled: SettledNumbers): ContractSource {
  return {
    settled,
    settle: () => Promise.resolve({ ok: true, value: settled }),
    accept() {},
    doubt() {},
  };
}

function read(bytes: Uint8Array): Contract {
  try {
    return contractOfSet(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidInputError("contract", why);
  }
}

// How long a server may keep silent about its contract over one connection.
export const REFLECTION_SILENCE_MS = 5_000;
// A server that answers nonsense is not asked for its contract with each answer.
const LEAST_PAUSE_MS = 60_000;

/** How a contract is asked for. */
export interface AskedOptions {
  readonly ask: AskServer;
  /** Whether it must be told: `contract: "reflection"`. */
  readonly isNeeded: boolean;
  /** Whether another protocol comes before numbers that nobody vouches for. */
  readonly prefersOther: boolean;
  /** Is told what is settled. Its errors fail the call that settled it. */
  readonly onSettled: (numbers: SettledNumbers) => void;
}

/** Asks the server for its contract when that is needed, once for all calls. */
export class AskedContract implements ContractSource {
  readonly #options: AskedOptions;
  #numbers: SettledNumbers | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  // A refusal by silence holds for as long as the connection that was silent.
  #silent: { readonly connection: Connection; readonly ms: number } | undefined;
  // Where an answer was broken off: an edge may do that to each stream of a service that it hides.
  #broken: Connection | undefined;
  #asking: Promise<Outcome<SettledNumbers>> | undefined;
  #acceptedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: AskedOptions) {
    this.#options = options;
  }

  get settled(): SettledNumbers | undefined {
    if (this.#numbers?.isGuarded) {
      if (this.#silent?.connection.isGone) {
        this.#numbers = undefined;
        this.#silent = undefined;
      } else if (this.#options.prefersOther && performance.now() >= this.#acceptedUntil) {
        return undefined;
      }
    }
    return this.#numbers;
  }

  async settle(attempt: Attempt): Promise<Outcome<SettledNumbers>> {
    for (;;) {
      const { settled } = this;
      if (settled) {
        return { ok: true, value: settled };
      }
      if (this.#numbers) {
        return failed(unvouched(this.#numbers.reason));
      }
      if (!this.#asking) {
        this.#asking = this.#ask(attempt).finally(() => {
          this.#asking = undefined;
        });
        const asked = await this.#asking;
        if (!asked.ok) {
          return asked;
        }
        continue;
      }
      const asked = await unlessEnded(attempt.limit, this.#asking, failed(LEFT));
      if (attempt.limit.isEnded) {
        return failed(LEFT);
      }
      // A call that left says nothing about the others.
      if (!asked.ok && asked.failure !== LEFT) {
        return asked;
      }
    }
  }

  accept(forMs: number): void {
    this.#acceptedUntil = performance.now() + forMs;
  }

  doubt(): void {
    if (performance.now() - this.#askedAt >= LEAST_PAUSE_MS) {
      this.#numbers = undefined;
    }
  }

  async #ask({ hints, limit }: Attempt): Promise<Outcome<SettledNumbers>> {
    const told = await this.#options.ask({ hints, limit }, (connection) =>
      this.#silent?.connection === connection ? this.#silent.ms : 0,
    );
    if ("silentMs" in told) {
      this.#silent = { connection: told.connection, ms: told.silentMs };
    }
    if ("failure" in told && !this.#isEnough(told)) {
      return failed(told.failure);
    }
    this.#askedAt = performance.now();
    if ("contract" in told) {
      const reason = "the server tells its contract by reflection";
      const { contract } = told;
      return this.#settle({ contract, isGuarded: false, origin: "reflection", reason });
    }
    const reason = `the server does not tell its contract by reflection: ${whyNot(told)}`;
    if (this.#options.isNeeded) {
      const message = `${reason}; contract: "reflection" needs that: give the server's FileDescriptorSet as contract instead, or nothing`;
      return failed({ kind: "status", code: Code.FailedPrecondition, message });
    }
    return this.#settle({ contract: BUILT_IN, isGuarded: true, origin: "guarded", reason });
  }

  /** Whether what went wrong over a connection is a refusal, as long as that connection lives. */
  #isEnough(told: Extract<Told, { readonly failure: Failure }>): boolean {
    if ("silentMs" in told) {
      return told.silentMs >= REFLECTION_SILENCE_MS;
    }
    const { broken } = told;
    if (!broken || broken.isGone || broken !== this.#broken) {
      this.#broken = broken;
      return false;
    }
    this.#silent = { connection: broken, ms: REFLECTION_SILENCE_MS };
    return true;
  }

  #settle(numbers: SettledNumbers): Outcome<SettledNumbers> {
    this.#numbers = numbers;
    try {
      this.#options.onSettled(numbers);
    } catch (thrown) {
      return failed(foreign("local", thrown));
    }
    return { ok: true, value: numbers };
  }
}

function whyNot(told: Exclude<Told, { readonly contract: Contract }>): string {
  if ("refusal" in told) {
    return told.refusal;
  }
  return !("silentMs" in told)
    ? `it broke the answer off twice: ${told.failure.message}`
    : `it did not answer within ${REFLECTION_SILENCE_MS} ms`;
}

/** What fails where `auto` is to look for REST before it uses numbers that nobody vouches for. */
function unvouched(message: string): Failure {
  return { kind: "refused", code: Code.FailedPrecondition, message, protocol: "unvouched" };
}
