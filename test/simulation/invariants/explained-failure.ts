import { Code, ConnectError } from "@connectrpc/connect";
import { OutputGapError, ReplayStalledError, WaitTimeoutError } from "../../../src/index.js";
import { fatalCode } from "../network/fatal-code.js";
import { failed, isSpent } from "./patience.js";
import type { Run } from "./run.js";

/** Why an operation should not have failed in this way; nothing if it may. */
export function unexplained(run: Run, error: unknown): string[] {
  const { schedule, abortedAt, abortReason, world, endedAt } = run;
  const { timeoutMs } = schedule.operation;
  const isOver = timeoutMs !== undefined && endedAt >= timeoutMs;
  const cameFirst = isOver && isDeadline(error) && (abortedAt ?? 0) >= timeoutMs;
  if ((abortedAt !== undefined && !cameFirst) || error === abortReason) {
    return error === abortReason && abortedAt !== undefined
      ? []
      : [`after an abort the error is not the reason but ${error}`];
  }
  if (error instanceof WaitTimeoutError || isDeadline(error)) {
    return isOver ? [] : [`too early: ${error}`];
  }
  if (error instanceof OutputGapError) {
    return world.rewritten() || brokenWithoutReplay(run) || endedEarlyTwice(run)
      ? []
      : [`there is no gap: ${error}`];
  }
  if (error instanceof ReplayStalledError) {
    const broken = failed(run, "StreamOutput").filter(({ heard }) => heard !== undefined);
    return broken.length >= 3 || world.rewritten() ? [] : [`not stalled: ${error}`];
  }
  if (!(error instanceof ConnectError)) {
    return [`an error of no known kind: ${error}`];
  }
  return isFinalWord(run, error) || isSpent(run) ? [] : [`gave up too early: ${error}`];
}

/** Whether the server said something that another attempt would not change. */
function isFinalWord(run: Run, { code, rawMessage }: ConnectError): boolean {
  const { world, schedule } = run;
  const reads = schedule.operation.kind === "follow" || schedule.operation.kind === "wait";
  const fatal = world.log.entries.map(({ fate }) => fatalCode(fate));
  return (
    fatal.includes(code) ||
    // The code is that of the call that could not be settled.
    (rawMessage.includes("could not be looked at") && fatal.some((one) => one !== undefined)) ||
    // A refusal that names a time for another attempt is obeyed by reads only.
    (!reads && code === Code.ResourceExhausted) ||
    // The process has ended; whether it is final could not be seen in time.
    (code === Code.FailedPrecondition &&
      (schedule.operation.kind === "signal" || failed(run).length > 0))
  );
}

function brokenWithoutReplay(run: Run): boolean {
  const { operation } = run.schedule;
  return (
    operation.kind === "follow" && operation.skipReplay && failed(run, "StreamOutput").length > 0
  );
}

// At the same byte, these cannot be told from a server that has no more.
function endedEarlyTwice({ world }: Run): boolean {
  return world.log.of("StreamOutput").filter(({ fate }) => fate.kind === "early end").length > 1;
}

function isDeadline(error: unknown): boolean {
  return (
    error instanceof ConnectError &&
    error.code === Code.DeadlineExceeded &&
    error.rawMessage.includes("took longer than")
  );
}
