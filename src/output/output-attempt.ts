import { Code } from "@connectrpc/connect";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Limit } from "../async/limit.js";
import { startTimer } from "../async/timer.js";
import { type Probe, probe } from "../call/look.js";
import type { Caller } from "../call/run.js";
import { endAttempt } from "../call/traced.js";
import { type Trace, traceAttempt, withHeadersOf } from "../diagnostics/channels.js";
import type { AttemptMessage, CallMessage } from "../diagnostics/messages.js";
import { type Failure, failed, type Outcome } from "../errors/outcome.js";
import { isFinished } from "../model/process.js";
import { shownFailure } from "../transport/shown-failure.js";
import { type Batch, type Evidence, newAttempt, type OutputSource } from "../transport/wire.js";

/** The RPC of these attempts. */
export const STREAM_OUTPUT = ProcessService.method.streamOutput;

// How long a stream may stay open, silent, after its process was seen to be final.
const END_GRACE_MS = 5_000;

/**
 * What a stream brought next; "silent" is nothing, on a connection that may be dead, and `answered`
 * whether the server is there at least.
 */
export type StreamEvent =
  | { readonly kind: "batch" }
  | { readonly kind: "end" }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "silent"; readonly failure: Failure; readonly answered: boolean };

/** What goes with the request of an attempt. */
export interface OutputAttemptRequest {
  readonly name: string;
  readonly skipReplay: boolean;
  readonly headers: HeadersInit | undefined;
  /** A token that was refused. */
  readonly rejectedToken: string | undefined;
  /** How long the stream may be silent, in milliseconds, if its connection cannot be asked. */
  readonly patienceMs: number;
}

type Arrival = Outcome<"batch" | "end">;

const ENDED = { ok: true, value: undefined } as const;

/** Waits for what arrives, unless something else calls `resolve` first. */
type ArrivalUnless = (
  other: (resolve: (nothing: undefined) => void) => void,
) => Promise<Arrival | undefined>;

/** One attempt of a follow: a StreamOutput RPC, from its opening until it ends or breaks. */
export class OutputAttempt {
  /** What is known of the RPC. */
  readonly evidence: Evidence;
  readonly #caller: Caller;
  readonly #request: OutputAttemptRequest;
  readonly #limit: Limit;
  readonly #source: OutputSource;
  readonly #trace: Trace<AttemptMessage> | undefined;
  readonly #opened = performance.now();
  #stopTimer: (() => void) | undefined;
  // Since when the reader waits; undefined while it does not.
  #waitsSince: number | undefined;
  #onSilence: (() => void) | undefined;
  #onArrival: ((arrival: Arrival) => void) | undefined;
  #isClosed = false;

  /**
   * Opens the RPC. It is open until `close`.
   *
   * @param traced what is told of the follow; undefined where nobody listens.
   */
  constructor(
    caller: Caller,
    request: OutputAttemptRequest,
    limit: Limit,
    traced: CallMessage | undefined,
  ) {
    const { name, skipReplay, headers: own, rejectedToken } = request;
    const trace = traceAttempt(STREAM_OUTPUT, name, caller.server, traced);
    const open = () => {
      const headers = trace ? withHeadersOf(trace, own) : own;
      const attempt = newAttempt({ long: true, headers, rejectedToken }, limit);
      const source = caller.wire.output({ name, skipReplay }, attempt);
      return { evidence: attempt.evidence, source };
    };
    const { evidence, source } = trace ? trace.start(open) : open();
    this.evidence = evidence;
    this.#caller = caller;
    this.#request = request;
    this.#limit = limit;
    this.#source = source;
    this.#trace = trace;
  }

  /** How long it has been open, in milliseconds. */
  get livedMs(): number {
    return performance.now() - this.#opened;
  }

  /** What has arrived and was not taken yet. */
  take(): Batch | undefined {
    return this.#source.take();
  }

  /** Waits for what comes next. While it is silent, the process is looked at from time to time. */
  async next(): Promise<StreamEvent> {
    const event = await this.#next();
    if (event.kind !== "batch") {
      this.#end(event.kind === "end" ? ENDED : failed(event.failure));
    }
    return event;
  }

  #end(outcome: Outcome<unknown>): void {
    if (this.#trace) {
      const call = { method: STREAM_OUTPUT, resource: this.#request.name };
      endAttempt(this.#trace, call, this.#limit, outcome, this.evidence);
    }
  }

  async #next(): Promise<StreamEvent> {
    let arrived: Arrival | undefined;
    // Once for all rounds: a process that is silent for days is looked at a thousand times.
    void this.#source.wait().then((arrival) => {
      arrived = arrival;
      this.#waitsSince = undefined;
      this.#onArrival?.(arrival);
    });
    // What arrives, or undefined where something else comes first.
    const arrival = (other: (resolve: (nothing: undefined) => void) => void) =>
      new Promise<Arrival | undefined>((resolve) => {
        this.#onArrival = resolve;
        if (arrived) {
          resolve(arrived);
        } else {
          other(resolve);
        }
      });
    const began = performance.now();
    const silence = { began, answered: began };
    for (;;) {
      const first = await arrival((resolve) => {
        this.#waitsSince = performance.now();
        this.#onSilence = () => resolve(undefined);
        this.#arm(this.#caller.idleTimeoutMs);
      });
      if (first) {
        return this.#eventOf(first);
      }
      const event = await this.#look(arrival, silence);
      if (event) {
        return event;
      }
    }
  }

  /** Ends the RPC, at once. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
    this.#source.close();
    this.#trace?.end(undefined, true);
  }

  // One timer serves many waits: most end long before it does. It goes on while nobody waits, also
  // where a reader has gone without a word and the client was closed: it is the stream's connection
  // that keeps a program alive, and not the timer.
  #arm(ms: number): void {
    if (this.#isClosed) {
      return;
    }
    const onTime = () => {
      this.#stopTimer = undefined;
      if (this.#waitsSince === undefined) {
        return;
      }
      const leftMs = this.#waitsSince + this.#caller.idleTimeoutMs - performance.now();
      if (leftMs > 0) {
        this.#arm(leftMs);
      } else {
        this.#onSilence?.();
      }
    };
    this.#stopTimer ??= startTimer(ms, onTime, true);
  }

  /** Asks whether the silence is the process's own; undefined if it is. */
  async #look(arrival: ArrivalUnless, silence: Silence): Promise<StreamEvent | undefined> {
    const { name, headers } = this.#request;
    const looking = this.#limit.within({});
    try {
      let probed: Probe | undefined;
      const first = await arrival((resolve) => {
        const looked = (found: Probe) => {
          probed = found;
          resolve(undefined);
        };
        // An end of the limit ends the read as well: it tells.
        probe(this.#caller, name, this.evidence, looking, headers).then(looked, () => undefined);
      });
      if (first || !probed) {
        return first && this.#eventOf(first);
      }
      const { look, sameConnection } = probed;
      if (!look.ok && sameConnection && look.failure.kind === "deadline") {
        return { kind: "failed", failure: { ...look.failure, kind: "lost" } };
      }
      // A server that has never answered anything is told, and not waited for.
      if (!look.ok && (isFinalWord(look.failure) || look.failure.protocol === "silent")) {
        return { kind: "failed", failure: look.failure };
      }
      if (look.ok && isFinished(look.value)) {
        const { state } = look.value;
        const failure = lost(`the output of ${name} did not end although its state is ${state}`);
        let stopTimer: (() => void) | undefined;
        const late = await arrival((resolve) => {
          stopTimer = startTimer(END_GRACE_MS, () => resolve(undefined));
        });
        stopTimer?.();
        return late ? this.#eventOf(late) : { kind: "failed", failure };
      }
      const answered = look.ok || look.failure.kind === "status";
      if (sameConnection || this.#mayGoOn(silence, answered)) {
        return undefined;
      }
      const failure = lost(`the output of ${name} is silent, on a connection that may be dead`);
      return { kind: "silent", failure, answered };
    } finally {
      looking.end(() => new Error("the stream goes on"));
    }
  }

  #eventOf(arrival: Arrival): StreamEvent {
    if (arrival.ok) {
      return { kind: arrival.value };
    }
    if (arrival.failure.mismatch) {
      this.#caller.wire.doubt?.();
    }
    return { kind: "failed", failure: shownFailure(arrival.failure, this.evidence) };
  }

  /** Whether a silence is to be endured although nothing is known of the stream's connection. */
  #mayGoOn(silence: Silence, answered: boolean): boolean {
    const { patienceMs } = this.#request;
    const now = performance.now();
    if (answered) {
      silence.answered = now;
      return now - silence.began < patienceMs;
    }
    // Nobody answers anything: that is an outage.
    return now - silence.answered < Math.min(patienceMs, this.#caller.policy.maxOutageMs);
  }
}

/** Since when a stream has been silent, and when the server answered a look for the last time. */
interface Silence {
  readonly began: number;
  answered: number;
}

function lost(message: string): Failure {
  return { kind: "lost", code: Code.Unavailable, message };
}

/**
 * Whether a look was answered by what holds for the stream as well. Any other answer, such as that
 * of a server with too much to do, shows only that somebody is there.
 */
function isFinalWord({ kind, code }: Failure): boolean {
  if (kind !== "status") {
    return false;
  }
  switch (code) {
    case Code.NotFound:
    case Code.PermissionDenied:
    case Code.Unauthenticated:
    case Code.FailedPrecondition:
      return true;
    default:
      return false;
  }
}
