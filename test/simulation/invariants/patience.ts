import { Break } from "../network/break-shapes.js";
import type { CallEntry } from "../network/call-log.js";
import type { Run } from "./run.js";

const MAX_ATTEMPTS = 4;
const MAX_OUTAGE_MS = 120_000;
// A stream that lives so long was healthy until it broke: a quarter of the outage.
const ROUTINE_MS = 30_000;
const MAX_DELAY_MS = 5_000;
const MAX_PUSHBACK_MS = 20_000;

/** Whether there is no patience left for another attempt. */
export function isSpent(run: Run): boolean {
  const { schedule, endedAt } = run;
  const { kind, timeoutMs } = schedule.operation;
  const failures = failed(run);
  if (!schedule.retry && run.world.rewritten()) {
    // That a replay is short for good, and not by a cut, only another one could tell.
    return true;
  }
  if (failures.length === 0) {
    return false;
  }
  const nextMs = hasPushback(run) ? MAX_PUSHBACK_MS : MAX_DELAY_MS;
  if (!schedule.retry || (timeoutMs !== undefined && endedAt + nextMs >= timeoutMs)) {
    return true;
  }
  switch (kind) {
    case "create":
    case "start":
      return failures.length >= MAX_ATTEMPTS;
    case "signal":
    case "terminate":
      return isSignalLost(run) || failures.length >= MAX_ATTEMPTS || isLongOutage(run, nextMs);
    case "run":
      return run.world.host.processes.length === 0 || !isCreated(run)
        ? failures.length >= MAX_ATTEMPTS
        : isLongOutage(run, nextMs);
    case "follow":
    case "wait":
    case "poll":
      return isLongOutage(run, nextMs);
  }
}

function isLongOutage(run: Run, nextMs: number): boolean {
  const healthy = lastHealthy(run);
  const began = isStream(run)
    ? failed(run).find(({ ended = 0 }) => ended >= healthy)?.ended
    : healthy;
  // A pause of the client's own is cut short, to a last attempt at the end; a server's is not.
  const leftMs = hasPushback(run) ? nextMs : 0;
  return began !== undefined && run.endedAt - began + leftMs >= MAX_OUTAGE_MS;
}

/** When the operation last got further, or could see that nothing was wrong. */
function lastHealthy(run: Run): number {
  const { world } = run;
  const streams = isStream(run);
  const moments = world.log.entries.map(({ method, fate, began, ended, error, left }) => {
    if (!streams) {
      return error === undefined && (fate.kind === "none" || fate.kind === "slow")
        ? (ended ?? 0)
        : 0;
    }
    // Silent for longer than an answer takes: the process had nothing to say.
    const idle = method === "StreamOutput" && fate.kind === "idle cut" && ended !== undefined;
    return idle && !left && ended - began > ROUTINE_MS ? ended : 0;
  });
  return Math.max(0, isSlow(run) ? 0 : (world.progressAt() ?? 0), ...moments);
}

// What is written to a slow Writable arrives when the client is further already.
function isSlow({ schedule }: Run): boolean {
  const { operation } = schedule;
  return operation.kind === "run" && operation.slowness.probability > 0;
}

function isStream({ schedule }: Run): boolean {
  return schedule.operation.kind === "follow" || schedule.operation.kind === "run";
}

/** The calls that brought no good answer. */
export function failed({ world }: Run, method?: string): CallEntry[] {
  return world.log.of(method).filter(({ error, fate, ended }) => {
    const refused = fate.kind.startsWith("proxy") || fate.kind.startsWith("status");
    return ended !== undefined && (error !== undefined || refused || fate.kind === "early end");
  });
}

function isSignalLost(run: Run): boolean {
  return failed(run, "SendSignal").some(
    ({ error }) => !(error instanceof Break && error.isRefusal),
  );
}

function isCreated({ world }: Run): boolean {
  return world.log.of().some(({ method }) => method === "StreamOutput");
}

function hasPushback({ world }: Run): boolean {
  return world.log.entries.some(
    ({ fate }) =>
      ("answer" in fate && fate.answer.retryAfter !== undefined) ||
      ("status" in fate && fate.status.pushback !== undefined),
  );
}
