import {
  type Client,
  Code,
  type CallOptions as ConnectCallOptions,
  ConnectError,
  createClient,
  type Transport,
} from "@connectrpc/connect";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Failure } from "../errors/failure.js";
import type { CallScope } from "../retry/call-scope.js";
import type { RetryBudget } from "../retry/retry-budget.js";
import type { RetryPolicy } from "../retry/retry-options.js";
import { sleep } from "../retry/sleep.js";
import { runInCall } from "../transport/call-context.js";
import { CallRecord } from "../transport/call-record.js";
import type { ClientTransport } from "../transport/create-transport.js";
import { headerTimeoutMs } from "../transport/header-timeout.js";
import { type AttemptClock, attemptError, type CallSubject, failureOf } from "./attempt-failure.js";
import type { ClientHooks } from "./client-options.js";

// A call without an answer for so long gives reason to doubt its connection: a half-open one is
// silent for ever. A shorter limit is more likely to be too short for the server.
const DOUBTFUL_SILENCE_MS = 1_000;

/** One RPC with its request. */
export interface RpcCall<T> extends CallSubject {
  /** Whether the answer may be large, and so may take long. */
  readonly bulk?: boolean;
  /** Sends the request once. */
  send(service: Client<typeof ProcessService>, options: ConnectCallOptions): Promise<T>;
}

/** How an attempt went. */
export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly failure: Failure };

/** A failed attempt. */
export type FailedAttempt = Extract<Attempt<unknown>, { ok: false }>;

/** What one attempt may cost, and what goes with it. */
export interface AttemptOptions {
  readonly headers?: HeadersInit | undefined;
  /**
   * The deadline of the attempt, told to the server too; "none" leaves it to the scope.
   * @default the client's attemptTimeoutMs
   */
  readonly timeoutMs?: number | "none" | undefined;
  /** Where the transport notes what becomes of the attempt. */
  readonly record?: CallRecord | undefined;
}

/** What the calls of a client have in common. */
export interface RpcSettings {
  readonly transport: Transport;
  /** The transport with its connections, where it is the client's own. */
  readonly own: ClientTransport | undefined;
  readonly policy: RetryPolicy;
  readonly hooks: ClientHooks;
  readonly attemptTimeoutMs: number;
  readonly bulkAttemptTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** The service behind a client. */
export class Rpc {
  readonly service: Client<typeof ProcessService>;
  readonly settings: RpcSettings;
  /** Aborts when the client is closed. */
  readonly closed: AbortSignal;

  constructor(settings: RpcSettings, closed: AbortSignal) {
    this.service = createClient(ProcessService, settings.transport);
    this.settings = settings;
    this.closed = closed;
  }

  /**
   * Sends a request once.
   *
   * @throws the scope's reason if it has ended; no other error: a failed attempt is a result.
   */
  async attempt<T>(
    call: RpcCall<T>,
    scope: CallScope,
    options: AttemptOptions = {},
  ): Promise<Attempt<T>> {
    scope.signal.throwIfAborted();
    const { headers, record = new CallRecord() } = options;
    const timeoutMs = this.#timeoutMs(call, options.timeoutMs, scope);
    const began = performance.now();
    try {
      const value = await runInCall(record, () =>
        call.send(this.service, {
          signal: scope.signal,
          ...(timeoutMs !== undefined && { timeoutMs }),
          ...(headers !== undefined && { headers }),
        }),
      );
      return { ok: true, value };
    } catch (thrown) {
      if (timeoutMs !== undefined && performance.now() - began >= DOUBTFUL_SILENCE_MS) {
        this.#doubtConnection(thrown, record, scope);
      }
      scope.signal.throwIfAborted();
      const clock = { timeoutMs, tookMs: performance.now() - began };
      return this.failed(thrown, record, call, clock);
    }
  }

  /** Gives a call that was not answered in time, and those after it, another connection. */
  #doubtConnection(thrown: unknown, record: CallRecord, { signal }: CallScope): void {
    const { code } = ConnectError.from(signal.aborted ? signal.reason : thrown);
    if (code === Code.DeadlineExceeded && !record.answered) {
      this.settings.own?.avoid(record);
    }
  }

  /** Tells what happened from what an attempt threw, and what to show of it. */
  failed(
    thrown: unknown,
    record: CallRecord,
    subject: CallSubject,
    clock?: AttemptClock,
  ): FailedAttempt {
    const failure = failureOf(thrown, this.settings.own ? record : undefined);
    return { ok: false, error: attemptError(thrown, failure, subject, clock), failure };
  }

  /**
   * Counts a failed attempt, and tells the hook that there will be another one.
   *
   * @returns the pause before it in milliseconds; undefined if there must be none.
   */
  delayMs(
    call: CallSubject,
    { error, failure }: FailedAttempt,
    budget: RetryBudget,
    mostMs = Number.POSITIVE_INFINITY,
  ): number | undefined {
    const delayMs = budget.nextDelayMs(failure);
    if (delayMs === undefined || delayMs >= mostMs) {
      return undefined;
    }
    const { method, resource } = call;
    this.settings.hooks.onRetry?.({ method, resource, failures: budget.failures, delayMs, error });
    return delayMs;
  }

  /**
   * As `delayMs`, for operations that end with the failure where there is no other attempt.
   *
   * @throws the error of the failed attempt.
   */
  delayOrThrow(
    call: CallSubject,
    failed: FailedAttempt,
    budget: RetryBudget,
    mostMs?: number,
  ): number {
    const delayMs = this.delayMs(call, failed, budget, mostMs);
    if (delayMs === undefined) {
      throw failed.error;
    }
    return delayMs;
  }

  /**
   * Pauses before another attempt.
   *
   * @returns false at once if there must be none: the budget or the time is spent.
   */
  async pause(
    call: CallSubject,
    failed: FailedAttempt,
    budget: RetryBudget,
    scope: CallScope,
  ): Promise<boolean> {
    const delayMs = this.delayMs(call, failed, budget, scope.remainingMs);
    if (delayMs === undefined) {
      return false;
    }
    await sleep(delayMs, scope.signal);
    return true;
  }

  #timeoutMs(
    call: RpcCall<unknown>,
    timeoutMs: number | "none" | undefined,
    scope: CallScope,
  ): number | undefined {
    if (timeoutMs === "none") {
      return undefined;
    }
    const { attemptTimeoutMs, bulkAttemptTimeoutMs } = this.settings;
    const most = timeoutMs ?? (call.bulk ? bulkAttemptTimeoutMs : attemptTimeoutMs);
    return headerTimeoutMs(Math.min(most, scope.remainingMs));
  }
}
