import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { type Limit, sleep } from "../async/limit.js";
import { traceAttempt, withHeadersOf } from "../diagnostics/channels.js";
import type { CallMessage, ServerInfo } from "../diagnostics/messages.js";
import { errorOf, type Failure, failed, type Outcome } from "../errors/outcome.js";
import { headerTimeoutMs } from "../transport/header-timeout.js";
import { shownFailure } from "../transport/shown-failure.js";
import { SAME_TOKEN } from "../transport/token.js";
import {
  type Attempt,
  type Evidence,
  type Hints,
  LEFT,
  newAttempt,
  type Wire,
} from "../transport/wire.js";
import { type CallLimits, withLimit } from "./call-limit.js";
import { type ClientHooks, tellRetry } from "./hooks.js";
import {
  mayHaveHadEffect,
  mayRepeatRead,
  Patience,
  type RetryPolicy,
  retryPolicy,
} from "./patience.js";
import { endAttempt, traced } from "./traced.js";

// A call without an answer for so long gives reason to doubt its connection: a half-open one is
// silent for ever. A shorter limit is more likely to be too short for the server.
const DOUBTFUL_SILENCE_MS = 1_000;
// What tells a deadline of ours from one of the server's own: the clocks need not agree.
const DEADLINE_SHARE = 0.9;

/** What the calls of a client have in common. */
export interface Caller {
  readonly wire: Wire;
  readonly policy: RetryPolicy;
  readonly hooks: ClientHooks;
  readonly attemptTimeoutMs: number;
  readonly bulkAttemptTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Ends when the client is closed. */
  readonly life: Limit;
  /** The server, as it is told to those who listen. */
  readonly server: ServerInfo;
}

/** How long an attempt may take, in milliseconds. */
export interface AttemptTime {
  /** What the server is told. */
  readonly serverMs: number;
  /** When this side gives up; later than the server, as a rule, where that is to end the call. */
  readonly localMs: number;
}

/** What a user asked for that takes one RPC, however many attempts it takes. */
export interface Call<T> {
  readonly method: DescMethod;
  /** The name of the resource that it is about. */
  readonly resource: string;
  readonly headers: HeadersInit | undefined;
  /** Whether the answer may be large, and so may take long. */
  readonly bulk?: boolean | undefined;
  /** Whether it waits for a process: it stays open long, and changes nothing. */
  readonly long?: boolean | undefined;
  /** What is told of it; undefined where nobody listens. */
  readonly traced?: CallMessage | undefined;
  /** Sends the request once. */
  send(wire: Wire, attempt: Attempt): Promise<Outcome<T>>;
  /** How long an attempt may take; by default, what the client allows and is left. */
  time?(remainingMs: number): AttemptTime;
  /**
   * Looks, after a failed attempt, whether there is a result all the same.
   *
   * @returns the end of the call; undefined if it may go on.
   */
  settle?(failure: Failure, tookMs: number): Promise<Outcome<T> | undefined>;
  /** When to ask again, in milliseconds from now, of an answer that is not the last one. */
  againAfterMs?(value: T, tookMs: number): number | undefined;
  /** What ends a call whose time is over, where that never cuts an attempt short. */
  lastLook?(): Promise<Outcome<T>>;
}

/** What an attempt came to. */
export interface Attempted<T> {
  readonly outcome: Outcome<T>;
  readonly evidence: Evidence;
  readonly tookMs: number;
}

/** What one attempt wants besides its call. */
export interface AttemptWish extends Pick<Hints, "affinity"> {
  readonly time?: AttemptTime | undefined;
}

/**
 * Runs a call that is one RPC.
 *
 * @throws the error of its failure; the reason of the limit where that ends it.
 */
export async function run<T>(caller: Caller, call: Call<T>, limits: CallLimits): Promise<T> {
  const outcome = await runToOutcome(caller, call, limits);
  if (!outcome.ok) {
    throw errorOf(outcome.failure, call.method.name, call.resource);
  }
  return outcome.value;
}

/** As `run`, for those who need to know what it failed with. */
export function runToOutcome<T>(
  caller: Caller,
  call: Call<T>,
  limits: CallLimits,
): Promise<Outcome<T>> {
  return withLimit(caller.life, `${call.method.name} of ${call.resource}`, limits, (limit) =>
    tracedAttempts(caller, call, limit, patienceOf(caller, limit)),
  );
}

/** The patience of a short call. */
export function patienceOf(caller: Caller, limit: Limit): Patience {
  return new Patience(limit.once ? retryPolicy(false) : caller.policy, "attempts");
}

/** As `attempts`, and as one call to those who listen. */
export function tracedAttempts<T>(
  caller: Caller,
  call: Call<T>,
  limit: Limit,
  patience: Patience,
): Promise<Outcome<T>> {
  return traced(caller, call, limit, (one) => attempts(caller, one, limit, patience));
}

/**
 * Sends a request until there is an end of it: an answer, a failure that another attempt would not
 * change, or the end of the patience.
 *
 * @throws the reason of the limit as soon as that ends; what a hook throws.
 */
export async function attempts<T>(
  caller: Caller,
  call: Call<T>,
  limit: Limit,
  patience: Patience,
): Promise<Outcome<T>> {
  for (;;) {
    // Node's timers can be early by a fraction of a millisecond, which is no time for an attempt.
    if (call.lastLook && limit.remainingMs() < 1) {
      return await call.lastLook();
    }
    const { outcome, tookMs } = await attempt(caller, call, limit);
    if (outcome.ok) {
      const againMs = call.againAfterMs?.(outcome.value, tookMs);
      if (againMs === undefined) {
        return outcome;
      }
      patience.progress();
      await pause(Math.min(againMs, limit.remainingMs()), limit);
      continue;
    }
    const { failure } = outcome;
    const settled = await call.settle?.(failure, tookMs);
    if (settled) {
      return settled;
    }
    if (!mayRepeat(call, failure)) {
      return failed(failure);
    }
    const delayMs = retryDelayMs(caller, call, failure, patience, limit);
    if (delayMs === undefined) {
      return failed(failure);
    }
    await pause(delayMs, limit);
  }
}

/**
 * Sends a request; where the server refuses its token, once more with another one.
 *
 * @throws the reason of the limit if that has ended; no other error: a failed attempt is an outcome.
 */
export async function attempt<T>(
  caller: Caller,
  call: Call<T>,
  limit: Limit,
  wish: AttemptWish = {},
): Promise<Attempted<T>> {
  const first = await sendOnce(caller, call, limit, undefined, wish);
  const { outcome, evidence } = first;
  if (outcome.ok || !isTokenRefused(outcome.failure, evidence)) {
    return first;
  }
  const second = await sendOnce(caller, call, limit, evidence.token, wish);
  // There is no other token: the server's word about this one counts.
  return !second.outcome.ok && second.outcome.failure === SAME_TOKEN ? first : second;
}

/** @throws as `attempt`. */
async function sendOnce<T>(
  caller: Caller,
  call: Call<T>,
  limit: Limit,
  rejectedToken: string | undefined,
  wish: AttemptWish,
): Promise<Attempted<T>> {
  limit.throwIfEnded();
  const time = wish.time ?? call.time?.(limit.remainingMs()) ?? usualTime(caller, call, limit);
  const own = limit.within({ ms: time.localMs });
  const trace = traceAttempt(call.method, call.resource, caller.server, call.traced);
  const send = () => {
    const hints = {
      headers: trace ? withHeadersOf(trace, call.headers) : call.headers,
      long: call.long,
      serverTimeoutMs: time.serverMs,
      affinity: wish.affinity,
      rejectedToken,
    };
    const sending = newAttempt(hints, own);
    return { evidence: sending.evidence, sent: call.send(caller.wire, sending) };
  };
  const began = performance.now();
  const { evidence, sent } = trace ? trace.start(send) : send();
  const outcome = await sent;
  const tookMs = performance.now() - began;
  own.release();
  const settled = outcome.ok
    ? outcome
    : failed(settledFailure(caller, call, own, time, { evidence, tookMs }, outcome.failure));
  if (trace) {
    endAttempt(trace, call, limit, settled, evidence);
  }
  if (!outcome.ok) {
    limit.throwIfEnded();
  }
  return { outcome: settled, evidence, tookMs };
}

/** What an attempt that brought no value is told to have failed with. */
function settledFailure(
  caller: Caller,
  call: Call<unknown>,
  own: Limit,
  time: AttemptTime,
  { evidence, tookMs }: Omit<Attempted<unknown>, "outcome">,
  asSent: Failure,
): Failure {
  const failure = shownFailure(asSent, evidence);
  if (failure.mismatch) {
    caller.wire.doubt?.();
  }
  const isLate = own.isOverdue || isDeadline(failure);
  if (tookMs >= DOUBTFUL_SILENCE_MS && !evidence.answered && isLate) {
    // Gives this call, and those after it, another connection.
    evidence.connection?.avoid();
  }
  const isOurs =
    failure === LEFT ||
    (isDeadline(failure) &&
      tookMs > time.serverMs * DEADLINE_SHARE &&
      !failure.message.includes(call.resource));
  return isOurs ? notInTime(call, time.localMs, evidence, failure) : failure;
}

function usualTime(caller: Caller, call: Call<unknown>, limit: Limit): AttemptTime {
  const most = call.bulk ? caller.bulkAttemptTimeoutMs : caller.attemptTimeoutMs;
  const ms = headerTimeoutMs(Math.min(most, limit.remainingMs()));
  return { serverMs: ms, localMs: ms };
}

function isDeadline({ code }: Failure): boolean {
  return code === Code.DeadlineExceeded;
}

function notInTime(
  { method, resource }: Call<unknown>,
  timeoutMs: number,
  evidence: Evidence,
  failure: Failure,
): Failure {
  const what = evidence.connection ? "was not answered" : "could not be sent";
  return {
    kind: evidence.connection ? "deadline" : "refused",
    code: Code.DeadlineExceeded,
    message: `${method.name} of ${resource} ${what} within ${timeoutMs} ms`,
    cause: failure === LEFT ? undefined : errorOf(failure, method.name, resource),
  };
}

/** Whether the server refused a token that came from a provider, which can be asked for another. */
export function isTokenRefused(
  { kind, code }: Failure,
  evidence: Evidence,
): evidence is Evidence & { token: string } {
  return (
    kind === "status" &&
    code === Code.Unauthenticated &&
    evidence.token !== undefined &&
    evidence.connection !== undefined
  );
}

/**
 * What a call does is read from the contract. One with an effect is sent again only where nothing has
 * seen it, or where somebody looks first whether it had its effect.
 */
function mayRepeat({ method, settle, long }: Call<unknown>, failure: Failure): boolean {
  if (long || method.idempotency === Idempotency.NO_SIDE_EFFECTS) {
    return mayRepeatRead(failure);
  }
  return failure.kind === "refused" || (settle !== undefined && mayHaveHadEffect(failure));
}

/**
 * Counts a failed attempt, and tells the hook that there will be another one.
 *
 * @returns the pause before it in milliseconds; undefined if there must be none.
 */
export function retryDelayMs(
  caller: Caller,
  call: Pick<Call<unknown>, "method" | "resource" | "lastLook" | "traced">,
  failure: Failure,
  patience: Patience,
  limit: Limit,
): number | undefined {
  const { method, resource, lastLook, traced } = call;
  const delayMs = patience.nextDelayMs(failure);
  if (delayMs === undefined || (!lastLook && delayMs >= limit.remainingMs())) {
    return undefined;
  }
  const about = { call: traced, resource, failures: patience.failures, delayMs };
  tellRetry(caller, method, about, () => errorOf(failure, method.name, resource));
  return Math.min(delayMs, limit.remainingMs());
}

/** Pauses. @throws the reason of the limit as soon as that ends. */
export async function pause(ms: number, limit: Limit): Promise<void> {
  await sleep(ms, limit);
  limit.throwIfEnded();
}
