import { Code, ConnectError } from "@connectrpc/connect";
import { sleep } from "../../async/sleep.js";
import { OutputGapError } from "../../errors/output-gap-error.js";
import type { OutputChunk } from "../../model/output.js";
import { type FinishedProcess, isFinished, type Process } from "../../model/process.js";
import type { CallScope } from "../../retry/call-scope.js";
import { mayRepeatRead } from "../../retry/repeatable.js";
import { RetryBudget } from "../../retry/retry-budget.js";
import type { CallRecord } from "../../transport/call-record.js";
import type { FailedAttempt, Rpc } from "../rpc.js";
import { lookUntilAnswered } from "./look-until-answered.js";
import { Replay } from "./replay.js";
import { ReplayWatch } from "./replay-watch.js";
import { StreamAttempt } from "./stream-attempt.js";
import type { StreamCounter } from "./stream-counter.js";
import type { StreamOutputOptions } from "./stream-output-options.js";
import { TokenRefusals } from "./token-refusal.js";

/** Why another stream is opened. */
interface Reopening extends FailedAttempt {
  /** Whether nothing failed that would need a pause. */
  readonly immediately?: boolean;
  /** Whether the stream lived long enough to have been healthy until it broke. */
  readonly lasted?: boolean;
}

const ROUTINE_SHARE = 1 / 4;

/**
 * Follows the output of one process over as many streams as it takes: each broken one is opened
 * again with the replay, of which only what is new is handed on.
 */
export class Follow {
  readonly #rpc: Rpc;
  readonly #name: string;
  readonly #options: StreamOutputOptions;
  // A stream that lived so long without a byte was cut as a matter of routine, not by an outage.
  readonly #routineMs: number;
  // Undefined with skipReplay: the first byte's place in its stream is not known.
  readonly #counter: StreamCounter | undefined;
  readonly #scope: CallScope;
  readonly #budget: RetryBudget;
  readonly #replays: ReplayWatch;
  readonly #tokens = new TokenRefusals();
  #silences = 0;
  #final = false;
  #verifying = false;
  #finished: FinishedProcess | undefined;
  #received = false;

  constructor(
    rpc: Rpc,
    name: string,
    options: StreamOutputOptions,
    counter: StreamCounter | undefined,
    scope: CallScope,
  ) {
    this.#rpc = rpc;
    this.#name = name;
    this.#options = options;
    this.#counter = counter;
    this.#routineMs = rpc.settings.policy.maxOutageMs * ROUTINE_SHARE;
    this.#scope = scope;
    this.#budget = new RetryBudget(rpc.settings.policy, "outage");
    this.#replays = new ReplayWatch(name);
  }

  /** The process at the confirmed end of its output; undefined before. */
  get finished(): FinishedProcess | undefined {
    return this.#finished;
  }

  /** The chunks, until the process is final. */
  async *chunks(): AsyncGenerator<OutputChunk, void, undefined> {
    let brokenBy: Reopening | undefined;
    for (;;) {
      const replay = this.#counter && new Replay(this.#name, this.#counter.position());
      brokenBy = yield* this.#readStream(replay, brokenBy);
      if (!brokenBy) {
        return;
      }
      if (!brokenBy.immediately) {
        this.#replays.broken(replay, brokenBy.error);
        await this.#endOutage(brokenBy);
        await this.#pause(brokenBy);
      }
    }
  }

  /** Reads one stream; returns what broke it, undefined at the confirmed end. */
  async *#readStream(
    replay: Replay | undefined,
    brokenBy: Reopening | undefined,
  ): AsyncGenerator<OutputChunk, Reopening | undefined, undefined> {
    const { skipReplay = false, headers } = this.#options;
    const rejectedTokenOf = this.#tokens.last;
    const patienceMs = this.#patienceMs();
    const request = { name: this.#name, skipReplay, headers, rejectedTokenOf, patienceMs };
    const attempt = new StreamAttempt(this.#rpc, request, this.#scope.signal);
    const opened = performance.now();
    let resumed = brokenBy === undefined;
    let added = false;
    try {
      for (;;) {
        const event = await attempt.next();
        this.#scope.signal.throwIfAborted();
        const livedMs = performance.now() - opened;
        if (event.kind === "failed") {
          return this.#recoverable(event, attempt.record, livedMs);
        }
        if (event.kind === "silent") {
          if (!this.#counter) {
            throw this.#gapWithoutReplay(event.error);
          }
          this.#silences += 1;
          if (event.answered) {
            this.#budget.progress();
          }
          return { ...event, immediately: event.answered };
        }
        if (event.kind === "end") {
          return await this.#confirmEnd(replay, added, livedMs);
        }
        const { stream } = event.frame;
        const data = replay ? replay.unseen(event.frame) : event.frame.data;
        this.#received = true;
        if (data.length === 0) {
          continue;
        }
        if (!resumed) {
          resumed = true;
          this.#tellResumed(replay, brokenBy);
        }
        added = true;
        this.#progress();
        const offset = this.#counter?.of(stream).bytes;
        this.#counter?.add(stream, data);
        yield { stream, data, offset };
      }
    } finally {
      attempt.close();
    }
  }

  #progress(): void {
    this.#budget.progress();
    this.#replays.progress();
    this.#silences = 0;
    this.#tokens.progress();
  }

  // Over HTTP/1.1 the answer to another call says nothing about the stream's own connection. Each
  // new stream costs a replay, so that the longer the silence, the more seldom they are.
  #patienceMs(): number {
    const { idleTimeoutMs } = this.#rpc.settings;
    return this.#counter ? idleTimeoutMs * 2 ** this.#silences : Number.POSITIVE_INFINITY;
  }

  /** Returns the failure if another stream may go on after it; throws its error otherwise. */
  #recoverable(failed: FailedAttempt, record: CallRecord, livedMs: number): Reopening {
    const { error, failure } = failed;
    const refreshesToken = this.#tokens.mayRefresh(failure, record, livedMs);
    if (!refreshesToken && !mayRepeatRead(failure)) {
      throw error;
    }
    // Without replay, a stream that may have been open may have missed bytes when it broke.
    const neverOpen =
      failure.kind === "refused" || (refreshesToken && this.#tokens.atOpening(livedMs));
    if (!this.#counter && (this.#received || !neverOpen)) {
      throw this.#gapWithoutReplay(error);
    }
    const immediately = refreshesToken && this.#tokens.note(record);
    return { ...failed, immediately, lasted: livedMs > this.#routineMs };
  }

  /**
   * Proxies cut a quiet stream as a matter of routine, whatever its process does. That is no part
   * of an outage, once the server has answered. But the streams of a final process have to end by
   * themselves.
   */
  async #endOutage({ lasted }: Reopening): Promise<void> {
    if (lasted && !this.#final && this.#rpc.settings.policy.maxOutageMs > 0) {
      this.#budget.progress();
      this.#final = isFinished(await this.#look());
      this.#budget.progress();
    }
  }

  /** The end of a stream is no proof that the process has ended: its state is. */
  async #confirmEnd(
    replay: Replay | undefined,
    added: boolean,
    livedMs: number,
  ): Promise<Reopening | undefined> {
    const { verifyEnd = "status" } = this.#options;
    const lasted = livedMs > this.#routineMs;
    if (lasted) {
      // An outage from before the stream was over while it lived.
      this.#budget.progress();
    }
    const process = await this.#look();
    if (!isFinished(process)) {
      return { ...this.#endedEarly(`although its state is ${process.state}`), lasted };
    }
    if (replay?.shortStream()) {
      this.#replays.endedShort(replay);
      return this.#endedEarly("although its replay was shorter than what had been sent before");
    }
    if (verifyEnd === "replay" && (added || !this.#verifying)) {
      this.#verifying = true;
      return { ...this.#endedEarly("and is read once more to verify that"), immediately: true };
    }
    this.#finished = process;
    return undefined;
  }

  #look(): Promise<Process> {
    const { headers } = this.#options;
    return lookUntilAnswered(this.#rpc, this.#name, this.#scope, this.#budget, headers);
  }

  #endedEarly(how: string): FailedAttempt {
    const message = `the output of ${this.#name} ended ${how}`;
    const error = new ConnectError(message, Code.Unavailable);
    if (!this.#counter) {
      throw this.#gapWithoutReplay(error);
    }
    return { ok: false, error, failure: { kind: "lost" } };
  }

  #gapWithoutReplay(cause: unknown): OutputGapError {
    const unknown = { stream: undefined, fromByte: undefined, toByte: undefined };
    const why = "the stream broke, and without replay what follows cannot be found";
    return new OutputGapError(this.#name, why, unknown, { cause });
  }

  #tellResumed(replay: Replay | undefined, brokenBy: FailedAttempt | undefined): void {
    this.#rpc.settings.hooks.onResume?.({
      resource: this.#name,
      replayedBytes: replay?.droppedBytes ?? 0,
      error: brokenBy?.error,
    });
  }

  async #pause(failed: FailedAttempt): Promise<void> {
    const call = { method: "StreamOutput", resource: this.#name };
    const { signal, remainingMs } = this.#scope;
    await sleep(this.#rpc.delayOrThrow(call, failed, this.#budget, remainingMs), signal);
  }
}
