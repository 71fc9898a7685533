import { Code } from "@connectrpc/connect";
import type { Limit } from "../async/limit.js";
import { tellResume } from "../call/hooks.js";
import { getCall } from "../call/look.js";
import { mayRepeatRead, Patience } from "../call/patience.js";
import { type Caller, isTokenRefused, pause, retryDelayMs, tracedAttempts } from "../call/run.js";
import { TracedLoop } from "../call/traced-loop.js";
import { errorOf, type Failure } from "../errors/outcome.js";
import { gapWithoutReplay, type OutputGapError } from "../errors/output-gap-error.js";
import type { OutputPosition } from "../model/output.js";
import { type FinishedProcess, isFinished, type Process } from "../model/process.js";
import { SAME_TOKEN } from "../transport/token.js";
import type { Batch, Evidence } from "../transport/wire.js";
import { followLimit } from "./follow-limit.js";
import { OutputAttempt, STREAM_OUTPUT, type StreamEvent } from "./output-attempt.js";
import { OutputCounter, Replay, ReplayWatch } from "./replay.js";
import type { StreamOutputOptions } from "./stream-output-options.js";

// A stream that lived for this share of the longest outage without a byte was cut as a matter of
// routine, not by an outage.
const ROUTINE_SHARE = 1 / 4;
// A token that is refused later than this was accepted when the stream was opened.
const ACCEPTED_MS = 1_000;

/** Why another stream is opened. */
interface Break {
  readonly failure: Failure;
  /** Whether nothing failed that would need a pause. */
  readonly immediately?: boolean | undefined;
  /** Whether the stream lived long enough to have been healthy until it broke. */
  readonly lasted?: boolean | undefined;
}

/**
 * Follows the output of one process over as many streams as it takes: each broken one is opened
 * again with the replay, of which only what is new is handed on. A batch that was taken counts as
 * handed over when the next one is asked for, and part by part by `positionAfter`.
 */
export class Follow {
  readonly #caller: Caller;
  readonly #name: string;
  readonly #options: StreamOutputOptions;
  // Undefined with skipReplay: the first byte's place in its stream is not known.
  readonly #counter: OutputCounter | undefined;
  readonly #patience: Patience;
  readonly #replays: ReplayWatch;
  readonly #routineMs: number;
  readonly #trace: TracedLoop;
  #limit: Limit | undefined;
  #stream: OutputAttempt | undefined;
  #replay: Replay | undefined;
  // Whether all that the stream brings is new, and the hook knows.
  #isLive = false;
  #added = false;
  #ready: Batch | undefined;
  #brokenBy: Failure | undefined;
  // The last attempt whose token was refused, since there was progress.
  #refused: Evidence | undefined;
  #silences = 0;
  #received = false;
  #isFinal = false;
  #isVerifying = false;
  #finished: FinishedProcess | undefined;

  /** Opens nothing yet: the first `more` does, by when the options must have been checked. */
  constructor(caller: Caller, name: string, options: StreamOutputOptions) {
    this.#caller = caller;
    this.#name = name;
    this.#options = options;
    this.#counter = options?.skipReplay ? undefined : new OutputCounter(options?.resumeFrom);
    this.#patience = new Patience(caller.policy, "outage");
    this.#replays = new ReplayWatch(name);
    this.#routineMs = caller.policy.maxOutageMs * ROUTINE_SHARE;
    const [limit, more] = [() => this.#limit, () => this.#more()];
    this.#trace = new TracedLoop(caller, { method: STREAM_OUTPUT, resource: name, limit, more });
  }

  /** The process at the confirmed end of its output; undefined before. */
  get finished(): FinishedProcess | undefined {
    return this.#finished;
  }

  /** Whether any output has come, new or not. */
  get hasOutput(): boolean {
    return this.#received;
  }

  /** Whether it has not begun. */
  get isNew(): boolean {
    return this.#limit === undefined;
  }

  /** Whether nothing more is to be handed over. */
  get isEnded(): boolean {
    return this.#limit?.isEnded ?? false;
  }

  /** The next batch, where one is there and nothing is to be checked or told before. */
  take(): Batch | undefined {
    if (this.isEnded) {
      return undefined;
    }
    let batch = this.#ready;
    this.#ready = undefined;
    if (!batch && this.#isLive) {
      batch = this.#stream?.take();
      if (batch) {
        this.#progress();
      }
    }
    if (batch) {
      this.#counter?.addBatch(batch);
    }
    return batch;
  }

  /** How much comes before the batch that was taken last; undefined with skipReplay. */
  get positionBefore(): OutputPosition | undefined {
    return this.#counter?.before;
  }

  /** How much was handed over with so many frames of that batch; undefined with skipReplay. */
  positionAfter(frames: number): OutputPosition | undefined {
    return this.#counter?.positionAfter(frames);
  }

  /**
   * Waits until there is a batch to take.
   *
   * @returns false at the confirmed end.
   * @throws what ends the follow: the reason of its limit, the server's word, a gap.
   */
  more(): Promise<boolean> {
    return this.#trace.more();
  }

  async #more(): Promise<boolean> {
    const hasOutput = () => this.#received;
    this.#limit ??= followLimit(this.#caller, this.#name, "following", this.#options, hasOutput);
    const limit = this.#limit;
    limit.throwIfEnded();
    while (!this.#finished) {
      limit.throwIfEnded();
      this.#stream ??= this.#open(limit);
      const stream = this.#stream;
      const event = await stream.next();
      limit.throwIfEnded();
      if (event.kind === "batch") {
        this.#ready = this.#receive(stream);
        if (this.#ready) {
          return true;
        }
        continue;
      }
      const broken = await this.#after(event, stream, limit);
      stream.close();
      this.#stream = undefined;
      if (broken) {
        this.#brokenBy = broken.failure;
        await this.#beforeReopening(broken, limit);
      }
    }
    return false;
  }

  /** Lets go of everything, at once: a `more` that is pending rejects. */
  close(why: () => unknown): void {
    this.#limit?.end(why);
    this.#stream?.close();
    this.#stream = undefined;
    this.#trace.close();
  }

  #open(limit: Limit): OutputAttempt {
    const { skipReplay = false, headers } = this.#options;
    const known = this.#counter?.position();
    // Where nothing was handed over, there is nothing to check.
    const isBegun = known && known.stdout.bytes + known.stderr.bytes > 0;
    this.#replay = isBegun ? new Replay(this.#name, known) : undefined;
    this.#isLive = false;
    this.#added = false;
    const rejectedToken = this.#refused?.token;
    const patienceMs = this.#patienceMs();
    const request = { name: this.#name, skipReplay, headers, rejectedToken, patienceMs };
    return new OutputAttempt(this.#caller, request, limit, this.#trace.message);
  }

  // Over HTTP/1.1 the answer to another call says nothing about the stream's own connection. Each
  // new stream costs a replay, so that the longer the silence, the more seldom they are.
  #patienceMs(): number {
    const { idleTimeoutMs } = this.#caller;
    return this.#counter ? idleTimeoutMs * 2 ** this.#silences : Number.POSITIVE_INFINITY;
  }

  /** What is new in the next batch that has anything new; undefined if none has yet. */
  #receive(stream: OutputAttempt): Batch | undefined {
    for (let raw = stream.take(); raw; raw = stream.take()) {
      this.#received = true;
      const batch = this.#replay ? this.#replay.unseen(raw) : raw;
      if (batch) {
        if (!this.#added) {
          this.#added = true;
          this.#tellResumed();
        }
        this.#isLive = this.#replay?.isOver ?? true;
        this.#progress();
        return batch;
      }
    }
    return undefined;
  }

  #progress(): void {
    this.#patience.progress();
    this.#replays.progress();
    this.#silences = 0;
    this.#refused = undefined;
  }

  #tellResumed(): void {
    const brokenBy = this.#brokenBy;
    if (brokenBy) {
      const replayedBytes = this.#replay?.droppedBytes ?? 0;
      const about = { call: this.#trace.message, resource: this.#name, replayedBytes };
      tellResume(this.#caller, about, () => this.#errorOf(brokenBy));
    }
  }

  /** What follows from the end of a stream; undefined at the confirmed end of the output. */
  async #after(
    event: Exclude<StreamEvent, { kind: "batch" }>,
    stream: OutputAttempt,
    limit: Limit,
  ): Promise<Break | undefined> {
    const { livedMs } = stream;
    switch (event.kind) {
      case "end":
        return await this.#confirmEnd(livedMs, limit);
      case "failed":
        return this.#recoverable(event.failure, stream.evidence, livedMs);
      case "silent":
        if (!this.#counter) {
          throw this.#gapWithoutReplay(event.failure);
        }
        this.#silences += 1;
        if (event.answered) {
          this.#patience.progress();
        }
        return { failure: event.failure, immediately: event.answered };
    }
  }

  /** Returns the failure if another stream may go on after it; throws its error otherwise. */
  #recoverable(failure: Failure, evidence: Evidence, livedMs: number): Break {
    const isAtOpening = livedMs <= ACCEPTED_MS;
    // The first refusal of a token, or one of a token that had been accepted: a server that refuses
    // every token must not be asked for ever.
    const isRefresh =
      isTokenRefused(failure, evidence) && (this.#refused === undefined || !isAtOpening);
    if (!isRefresh && !mayRepeatRead(failure)) {
      // There is no other token: the server's word about the last one counts.
      const refusal = failure === SAME_TOKEN ? this.#brokenBy : undefined;
      throw this.#errorOf(refusal ?? failure);
    }
    // Without replay, a stream that may have been open may have missed bytes when it broke.
    const neverOpen = failure.kind === "refused" || (isRefresh && isAtOpening);
    if (!this.#counter && (this.#received || !neverOpen)) {
      throw this.#gapWithoutReplay(failure);
    }
    const immediately = isRefresh && this.#refused === undefined;
    if (isRefresh) {
      this.#refused = evidence;
    }
    const wasOpen = !neverOpen && failure.protocol !== "silent";
    return { failure, immediately, lasted: wasOpen && livedMs > this.#routineMs };
  }

  async #beforeReopening(broken: Break, limit: Limit): Promise<void> {
    const { failure, immediately, lasted } = broken;
    if (immediately) {
      return;
    }
    this.#replays.broken(this.#replay, this.#errorOf(failure));
    // Proxies cut a quiet stream as a matter of routine, whatever its process does. That is no part
    // of an outage, once the server has answered. But the streams of a final process have to end by
    // themselves.
    if (lasted && !this.#isFinal && this.#caller.policy.maxOutageMs > 0) {
      this.#patience.progress();
      this.#isFinal = isFinished(await this.#look(limit));
      this.#patience.progress();
    }
    const call = { method: STREAM_OUTPUT, resource: this.#name, traced: this.#trace.message };
    const delayMs = retryDelayMs(this.#caller, call, failure, this.#patience, limit);
    if (delayMs === undefined) {
      throw this.#errorOf(failure);
    }
    await pause(delayMs, limit);
  }

  /** The end of a stream is no proof that the process has ended: its state is. */
  async #confirmEnd(livedMs: number, limit: Limit): Promise<Break | undefined> {
    const { verifyEnd = "status" } = this.#options;
    const lasted = livedMs > this.#routineMs;
    if (lasted) {
      // An outage from before the stream was over while it lived.
      this.#patience.progress();
    }
    const process = await this.#look(limit);
    if (!isFinished(process)) {
      return { ...this.#endedEarly(`although its state is ${process.state}`), lasted };
    }
    if (this.#replay && !this.#replay.isOver) {
      this.#replays.endedShort(this.#replay);
      return this.#endedEarly("although its replay was shorter than what had been sent before");
    }
    if (verifyEnd === "replay" && (this.#added || !this.#isVerifying)) {
      this.#isVerifying = true;
      return { ...this.#endedEarly("and is read once more to verify that"), immediately: true };
    }
    this.#finished = process;
    return undefined;
  }

  /** Looks at the process, as long as the outage that a follower may sit out. */
  async #look(limit: Limit): Promise<Process> {
    const call = getCall(this.#name, this.#options.headers);
    const look = await tracedAttempts(this.#caller, call, limit, this.#patience);
    if (!look.ok) {
      throw errorOf(look.failure, call.method.name, this.#name);
    }
    return look.value;
  }

  #endedEarly(how: string): Break {
    const message = `the output of ${this.#name} ended ${how}`;
    const failure: Failure = { kind: "lost", code: Code.Unavailable, message };
    if (!this.#counter) {
      throw this.#gapWithoutReplay(failure);
    }
    return { failure };
  }

  #gapWithoutReplay(failure: Failure): OutputGapError {
    return gapWithoutReplay(this.#name, this.#errorOf(failure));
  }

  #errorOf(failure: Failure): unknown {
    return errorOf(failure, STREAM_OUTPUT.name, this.#name);
  }
}
