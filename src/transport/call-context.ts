import { AsyncLocalStorage } from "node:async_hooks";
import type { CallRecord } from "./call-record.js";

/** One sending of a request, as the code below Connect needs to know it. */
export interface Attempt {
  readonly record: CallRecord;
  /** Aborts when the call ends, by the caller, a deadline, or an error. */
  readonly signal: AbortSignal;
  /** Whether the call stays open until a process does something: a follower or a wait. */
  readonly long: boolean;
}

// Connect hands a request on as method, path and headers. What else belongs to it travels here.
const records = new AsyncLocalStorage<CallRecord | undefined>();
const attempts = new AsyncLocalStorage<Attempt | undefined>();

/** Starts a call in `call`, and has what becomes of it written down in `record`. */
export function runInCall<T>(record: CallRecord, call: () => T): T {
  return records.run(record, call);
}

/** The record of the call that runs now. */
export function currentRecord(): CallRecord | undefined {
  return records.getStore();
}

/** Sends a request once, in `send`. */
export function runAttempt<T>(attempt: Attempt, send: () => T): T {
  return attempts.run(attempt, send);
}

/** The sending that runs now. */
export function currentAttempt(): Attempt | undefined {
  return attempts.getStore();
}

/** Runs what outlives the call that needs it first, so that it does not hold on to that call. */
export function outsideOfCalls<T>(run: () => T): T {
  return records.run(undefined, () => attempts.run(undefined, run));
}
