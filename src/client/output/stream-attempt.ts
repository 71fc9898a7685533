import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamOutputResponse } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { frameFromMessage, type OutputFrame } from "../../model/output.js";
import { isFinished } from "../../model/process.js";
import { CallScope } from "../../retry/call-scope.js";
import { runInCall } from "../../transport/call-context.js";
import { CallRecord } from "../../transport/call-record.js";
import { probe } from "../probe.js";
import type { FailedAttempt, Rpc } from "../rpc.js";
import { settledWithin } from "./settled-within.js";

// How long a stream may stay open, silent, after its process was seen to be final.
const END_GRACE_MS = 5_000;

/**
 * What a stream brought next; "silent" is nothing, on a connection that may be dead, and `answered`
 * whether the server is there at least.
 */
export type StreamEvent =
  | { readonly kind: "frame"; readonly frame: OutputFrame }
  | { readonly kind: "end" }
  | ({ readonly kind: "failed" } & FailedAttempt)
  | ({ readonly kind: "silent"; readonly answered: boolean } & FailedAttempt);

/** Since when a stream has been silent, and when the server answered a look for the last time. */
interface Silence {
  readonly began: number;
  answered: number;
}

/** What goes with the request of a stream. */
export interface StreamRequest {
  readonly name: string;
  readonly skipReplay: boolean;
  readonly headers: HeadersInit | undefined;
  /** An attempt whose token was refused. */
  readonly rejectedTokenOf: CallRecord | undefined;
  /** How long the stream may be silent, in milliseconds, if its connection cannot be asked. */
  readonly patienceMs: number;
}

/** One StreamOutput RPC, from its opening until it ends or breaks. */
export class StreamAttempt {
  /** What the transport noted about the RPC. */
  readonly record: CallRecord;
  readonly #rpc: Rpc;
  readonly #request: StreamRequest;
  readonly #scope: CallScope;
  readonly #messages: AsyncIterator<StreamOutputResponse>;

  /** Opens the RPC. It is open until `close`. */
  constructor(rpc: Rpc, request: StreamRequest, signal: AbortSignal) {
    const { name, skipReplay, headers, rejectedTokenOf } = request;
    this.record = new CallRecord({ rejectedTokenOf });
    this.#rpc = rpc;
    this.#request = request;
    this.#scope = new CallScope(`StreamOutput of ${name}`, { signals: [signal] });
    const options = { signal: this.#scope.signal, ...(headers !== undefined && { headers }) };
    this.#messages = runInCall(this.record, () =>
      rpc.service.streamOutput({ name, skipReplay }, options)[Symbol.asyncIterator](),
    );
  }

  /** Waits for what comes next. While it is silent, the process is looked at from time to time. */
  async next(): Promise<StreamEvent> {
    const read = this.#read();
    const began = performance.now();
    const silence = { began, answered: began };
    for (;;) {
      const event =
        (await settledWithin(read, this.#rpc.settings.idleTimeoutMs)) ??
        (await this.#look(read, silence));
      if (event) {
        return event;
      }
    }
  }

  /** Ends the RPC: connect's iterable leaves it open, whatever is done to it. */
  close(): void {
    this.#scope.abort(new ConnectError("the stream is not needed any more", Code.Canceled));
  }

  async #read(): Promise<StreamEvent> {
    try {
      const { done, value } = await this.#messages.next();
      // Messages that were received before an abort are handed out after it.
      this.#scope.signal.throwIfAborted();
      return done ? { kind: "end" } : { kind: "frame", frame: frameFromMessage(value) };
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Asks whether the silence is the process's own; undefined if it is. */
  async #look(read: Promise<StreamEvent>, silence: Silence): Promise<StreamEvent | undefined> {
    const { name, headers } = this.#request;
    const looking = new CallScope(`looking at ${name}`, { signals: [this.#scope.signal] });
    try {
      const probed = await Promise.race([
        read,
        // An abort ends the read as well: it tells.
        probe(this.#rpc, name, this.record, looking.signal, headers).catch(() => read),
      ]);
      if ("kind" in probed) {
        return probed;
      }
      const { look, sameConnection } = probed;
      if (!look.ok && sameConnection && look.failure.kind === "deadline") {
        return { ...look, kind: "failed", failure: LOST };
      }
      if (!look.ok && isFinalWord(look)) {
        return { ...look, kind: "failed" };
      }
      if (look.ok && isFinished(look.value)) {
        const { state } = look.value;
        const message = `the output of ${name} did not end although its state is ${state}`;
        return (await settledWithin(read, END_GRACE_MS)) ?? { ...lost(message), kind: "failed" };
      }
      const answered = look.ok || look.failure.kind === "status";
      if (sameConnection || this.#mayGoOn(silence, answered)) {
        return undefined;
      }
      const silent = lost(`the output of ${name} is silent, on a connection that may be dead`);
      return { ...silent, kind: "silent", answered };
    } finally {
      looking.abort(new ConnectError("the stream goes on", Code.Canceled));
    }
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
    return now - silence.answered < Math.min(patienceMs, this.#rpc.settings.policy.maxOutageMs);
  }

  #failed(error: unknown): StreamEvent {
    const subject = { method: "StreamOutput", resource: this.#request.name };
    return { kind: "failed", ...this.#rpc.failed(error, this.record, subject) };
  }
}

const LOST = { kind: "lost" } as const;

function lost(message: string): FailedAttempt {
  return { ok: false, error: new ConnectError(message, Code.Unavailable), failure: LOST };
}

/**
 * Whether a look was answered by what holds for the stream as well. Any other answer, such as that
 * of a server with too much to do, shows only that somebody is there.
 */
function isFinalWord({ failure }: FailedAttempt): boolean {
  if (failure.kind !== "status") {
    return false;
  }
  switch (failure.code) {
    case Code.NotFound:
    case Code.PermissionDenied:
    case Code.Unauthenticated:
    case Code.FailedPrecondition:
      return true;
    default:
      return false;
  }
}
