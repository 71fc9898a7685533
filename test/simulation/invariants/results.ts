import { isDeepStrictEqual } from "node:util";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { isFinished, type Process } from "../../../src/model/process.js";
import { processFromMessage } from "../../../src/model/process-message.js";
import type { Outcome } from "../operations/context.js";
import { writtenBytes } from "../world/written-bytes.js";
import type { Run } from "./run.js";

const STREAMS = [OutputStream.STDOUT, OutputStream.STDERR] as const;

/** What is wrong with the result of an operation that did not fail. */
export function wrongResult(
  run: Run,
  outcome: Exclude<Outcome, { readonly kind: "failed" }>,
): string[] {
  switch (outcome.kind) {
    case "followed":
      return [...notFinal(run), ...missingBytes(run)];
    case "ran": {
      const { process, exitCode, ok, stdout, stderr } = outcome.result;
      const { written } = run.world.host.runner;
      const same =
        exitCode === process.exitCode &&
        ok === (process.state === "STATE_SUCCEEDED") &&
        Buffer.compare(stdout.bytes(), writtenBytes(OutputStream.STDOUT, 0, written[1])) === 0 &&
        Buffer.compare(stderr.bytes(), writtenBytes(OutputStream.STDERR, 0, written[2])) === 0;
      const wrong = same || endedEarly(run) ? [] : ["the result is not what the process did"];
      return [...otherProcess(run, process), ...notFinal(run), ...missingBytes(run), ...wrong];
    }
    case "process":
      return run.schedule.operation.kind === "create" ||
        run.schedule.operation.kind === "start" ||
        run.schedule.operation.kind === "signal"
        ? otherName(run, outcome.process)
        : [...otherProcess(run, outcome.process), ...notFinal(run)];
  }
}

function otherName({ world }: Run, { name }: Process): string[] {
  return world.host.processes[0]?.name === name ? [] : [`there is no ${name}`];
}

function otherProcess({ world }: Run, told: Process): string[] {
  const [message] = world.host.processes;
  return message && isDeepStrictEqual(processFromMessage(message), told)
    ? []
    : ["the process is not the engine's"];
}

function notFinal({ world }: Run): string[] {
  const [message] = world.host.processes;
  return message && isFinished(processFromMessage(message)) ? [] : ["the process is not final"];
}

function missingBytes(run: Run): string[] {
  const { world } = run;
  return STREAMS.flatMap((stream) => {
    const written = world.host.runner.written[stream] - world.output.leftOut[stream];
    const delivered = world.delivery.bytes[stream];
    return delivered === written || (delivered < written && endedEarly(run))
      ? []
      : [`${delivered} of ${written} bytes of ${OutputStream[stream]} at a clean end`];
  });
}

/** Whether the end that was believed was a server's own false one, which its state confirms. */
function endedEarly({ world, schedule }: Run): boolean {
  const { operation } = schedule;
  const streams = operation.kind === "follow" && operation.verifyEnd === "replay" ? 2 : 1;
  const last = world.log.of("StreamOutput").slice(-streams);
  return last.length === streams && last.every(({ fate }) => fate.kind === "early end");
}
