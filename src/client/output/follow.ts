import { Code, ConnectError } from "@connectrpc/connect";
import { OutputGapError } from "../../errors/output-gap-error.js";
import type { OutputChunk } from "../../model/output.js";
import { type FinishedProcess, isFinished, type Process } from "../../model/process.js";
import type { CallScope } from "../../retry/call-scope.js";
import { mayRepeatRead } from "../../retry/repeatable.js";
import { RetryBudget } from "../../retry/retry-budget.js";
import { sleep } from "../../retry/sleep.js";
import type { CallRecord } from "../../transport/call-record.js";
import type { FailedAttempt, Rpc } from "../rpc.js";
import { lookUntilAnswered } from "./look-until-answered.js";
import { Replay } from "./replay.js";
import { ReplayWatch } from "./replay-watch.js";
import { StreamAttempt } from "./stream-attempt.js";
import type { StreamCounter } from "./stream-counter.js";
import type { StreamOutputOptions } from "./stream-output-options.js";

/** Why another stream is opened. */
interface Reopening extends FailedAttempt {
  /** Whether nothing failed that would need a pause. */
  readonly immediately?: boolean;
  /** Whether the stream broke only after a while in which it may have been healthy. */
  readonly lasted?: boolean;
}

/**
 * Follows the output of one process over as many streams as it takes: each broken one is opened
 * again with the replay, of which only what is new is handed on.
 */
export class Follow {
  readonly #rpc: Rpc;
  readonly #name: string;
  readonly #options: StreamOutputOptions;
  // Undefined with skipReplay: the first byte's place in its stream is not known.
  readonly #counter: StreamCounter | undefined;
  readonly #scope: CallScope;
  readonly #budget: RetryBudget;
  readonly #replays: ReplayWatch;
  #rejectedTokenOf: CallRecord | undefined;
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
        // Proxies cut a quiet stream as a matter of routine, whatever its process does. That ends
        // every outage before it, and is itself over once the server has answered. But the streams
        // of a final process have to end by themselves.
        if (brokenBy.lasted && !this.#final) {
          this.#budget.progress();
          this.#final = isFinished(await this.#look());
          this.#budget.progress();
        }
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
    const rejectedTokenOf = this.#rejectedTokenOf;
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
        if (event.kind === "failed") {
          const lasted = performance.now() - opened > this.#rpc.settings.policy.maxDelayMs;
          return { ...this.#recoverable(event, attempt.record), lasted };
        }
        if (event.kind === "silent") {
          this.#silences += 1;
          return { ...event, immediately: true };
        }
        if (event.kind === "end") {
          return await this.#confirmEnd(replay, added);
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
    this.#rejectedTokenOf = undefined;
  }

  // Over HTTP/1.1 the answer to another call says nothing about the stream's own connection. Each
  // new stream costs a replay, so that the longer the silence, the more seldom they are.
  #patienceMs(): number {
    const { idleTimeoutMs } = this.#rpc.settings;
    return this.#counter ? idleTimeoutMs * 2 ** this.#silences : Number.POSITIVE_INFINITY;
  }

  /** Returns the failure if another stream may go on after it; throws its error otherwise. */
  #recoverable(failed: FailedAttempt, record: CallRecord): Reopening {
    const { error, failure } = failed;
    const refreshesToken = this.#mayAskForToken(failed, record);
    if (!refreshesToken && !mayRepeatRead(failure)) {
      throw error;
    }
    if (!this.#counter && (this.#received || failure.kind === "lost")) {
      throw this.#gapWithoutReplay(error);
    }
    if (refreshesToken) {
      this.#rejectedTokenOf = record;
    }
    return { ...failed, immediately: refreshesToken };
  }

  // Once until there is progress: a server that refuses every token must not be asked for ever.
  #mayAskForToken({ failure }: FailedAttempt, record: CallRecord): boolean {
    return (
      failure.kind === "status" &&
      failure.code === Code.Unauthenticated &&
      record.sent &&
      record.tokenProvided &&
      this.#rejectedTokenOf === undefined
    );
  }

  /** The end of a stream is no proof that the process has ended: its state is. */
  async #confirmEnd(replay: Replay | undefined, added: boolean): Promise<Reopening | undefined> {
    const { verifyEnd = "status" } = this.#options;
    const process = await this.#look();
    if (!isFinished(process)) {
      return this.#endedEarly(`its state is ${process.state}`);
    }
    if (replay?.shortStream()) {
      this.#replays.endedShort(replay);
      return this.#endedEarly("its replay was shorter than what had been sent before");
    }
    if (verifyEnd === "replay" && (added || !this.#verifying)) {
      this.#verifying = true;
      return { ...this.#endedEarly("that is to be verified"), immediately: true };
    }
    this.#finished = process;
    return undefined;
  }

  #look(): Promise<Process> {
    const { headers } = this.#options;
    return lookUntilAnswered(this.#rpc, this.#name, this.#scope, this.#budget, headers);
  }

  #endedEarly(although: string): FailedAttempt {
    const message = `the output of ${this.#name} ended although ${although}`;
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
    const delayMs = this.#rpc.delayMs(call, failed, this.#budget, this.#scope.remainingMs);
    if (delayMs === undefined) {
      throw failed.error;
    }
    await sleep(delayMs, this.#scope.signal);
  }
}
