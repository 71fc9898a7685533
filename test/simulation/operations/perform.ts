import { ProcessClient } from "../../../src/index.js";
import type { Process } from "../../../src/model/process.js";
import type { Schedule } from "../schedule.js";
import { PARENT } from "../server/engine-host.js";
import type { Random } from "../world/random.js";
import type { World } from "../world/world.js";
import { type Context, type Outcome, SPEC } from "./context.js";
import { follow } from "./follow.js";
import type { Operation } from "./operation.js";
import { run } from "./run.js";

/** Has a client do what the schedule asks for. */
export async function perform(
  { operation, retry }: Schedule,
  world: World,
  signal: AbortSignal,
  random: Random,
): Promise<Outcome> {
  const client = new ProcessClient(world.config, {
    ...(!retry && { retry: false }),
    onRetry: ({ method, failures, delayMs }) =>
      world.log.note(`retry of ${method} in ${delayMs.toFixed(0)} ms, failures: ${failures}`),
    onResume: ({ replayedBytes }) => world.log.note(`resumed after ${replayedBytes} bytes`),
  });
  try {
    return await outcome(operation, { world, client, signal, random });
  } catch (error) {
    return { kind: "failed", error };
  }
}

async function outcome(operation: Operation, context: Context): Promise<Outcome> {
  const { world, client, signal } = context;
  const process = async (answer: Promise<Process>): Promise<Outcome> => ({
    kind: "process",
    process: await answer,
  });
  const prepare = (startAfterMs: number | undefined) => world.host.prepare("p", startAfterMs);
  const { timeoutMs } = operation;
  const call = { signal, timeoutMs };
  switch (operation.kind) {
    case "follow":
      await follow(await prepare(operation.startAfterMs), operation, context);
      return { kind: "followed" };
    case "run":
      return { kind: "ran", result: await run(operation, context) };
    case "wait":
      return await process(client.waitProcess(await prepare(operation.startAfterMs), call));
    case "poll":
      return await process(
        client.waitProcessByPolling(await prepare(operation.startAfterMs), {
          signal,
          timeoutSeconds: timeoutMs === undefined ? null : timeoutMs / 1000,
          pollIntervalSeconds: operation.intervalMs / 1000,
        }),
      );
    case "create": {
      const { autoRun, ownId } = operation;
      const options = { ...call, autoRun, processId: ownId ? "own" : undefined };
      return await process(client.createProcess(PARENT, SPEC, options));
    }
    case "start":
      return await process(client.startProcess(await prepare(undefined), call));
    case "signal":
      return await process(client.sendSignal(await prepare(0), operation.signal, call));
    case "terminate": {
      const { graceMs } = operation;
      return await process(client.terminateProcess(await prepare(0), { ...call, graceMs }));
    }
  }
}
