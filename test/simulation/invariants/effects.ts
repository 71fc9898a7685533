import { constants } from "node:os";
import type { Run } from "./run.js";

const { SIGTERM, SIGKILL } = constants.signals;

/** What an operation did to the engine more, or less, often than it should. */
export function effects({ schedule, world, outcome }: Run): string[] {
  const { runner, processes } = world.host;
  const { operation } = schedule;
  const succeeded = outcome.kind !== "failed";
  const found: string[] = [];
  const count = (what: string, actual: number, most: number, least = 0) => {
    if (actual > most || actual < least) {
      found.push(`${what}: ${actual}, which should be ${least} to ${most}`);
    }
  };
  const creates = operation.kind === "create" || operation.kind === "run";
  count("processes", processes.length, 1, succeeded || !creates ? 1 : 0);
  count("starts", runner.starts, 1, succeeded && mustStart(schedule) ? 1 : 0);
  const sent = (signal: number) => runner.signals.filter((one) => one === signal).length;
  if (operation.kind === "signal") {
    count("signals", runner.signals.length, 1, succeeded ? 1 : 0);
  } else {
    count("SIGTERMs", sent(SIGTERM), mayTerminate(schedule) ? 1 : 0);
    count("SIGKILLs", sent(SIGKILL), mayTerminate(schedule) ? 1 : 0);
  }
  return found;
}

function mustStart({ operation }: Run["schedule"]): boolean {
  return operation.kind === "create" ? operation.autoRun : operation.kind !== "signal";
}

function mayTerminate({ operation }: Run["schedule"]): boolean {
  return (
    operation.kind === "terminate" ||
    (operation.kind === "run" && operation.onTimeout === "terminate")
  );
}
