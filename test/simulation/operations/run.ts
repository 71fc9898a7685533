import { Writable } from "node:stream";
import type { ProcessResult } from "../../../src/model/captured-output.js";
import type { ProcessStream } from "../../../src/model/output.js";
import { PARENT } from "../server/engine-host.js";
import { streamNumber } from "../world/delivery.js";
import { type Context, SPEC } from "./context.js";
import type { Operation } from "./operation.js";

/** Runs a process, with its output going into Writables that may be slow. */
export async function run(
  { ownId, timeoutMs, onTimeout, slowness }: Extract<Operation, { kind: "run" }>,
  { world, client, signal, random }: Context,
): Promise<ProcessResult> {
  const writable = (stream: ProcessStream) =>
    new Writable({
      highWaterMark: 100,
      write(data: Uint8Array, _encoding, done) {
        world.delivery.take(streamNumber(stream), data);
        if (random.chance(slowness.probability)) {
          world.time.schedule(random.int(0, slowness.mostMs), done);
        } else {
          done();
        }
      },
    });
  return await client.runProcess(PARENT, SPEC, {
    signal,
    timeoutMs,
    onTimeout,
    processId: ownId ? "own" : undefined,
    stdout: writable("OUTPUT_STREAM_STDOUT"),
    stderr: writable("OUTPUT_STREAM_STDERR"),
  });
}
