import type { OutputPosition } from "../../../src/model/output.js";
import type { Context } from "./context.js";
import type { FollowOperation } from "./operation.js";

/** Reads the output, as slowly as the operation says, and hands it over to be compared. */
export async function follow(
  name: string,
  { leaveAfter, slowness, ...options }: FollowOperation,
  { world, client, signal, random }: Context,
): Promise<void> {
  const { skipReplay, verifyEnd, timeoutMs } = options;
  let resumeFrom: OutputPosition | undefined;
  for (const most of [...leaveAfter, Number.POSITIVE_INFINITY]) {
    const output = client.streamOutput(name, {
      signal,
      skipReplay,
      verifyEnd,
      timeoutMs,
      resumeFrom,
    });
    let left = most;
    for await (const chunk of output) {
      world.delivery.takeChunk(chunk);
      left -= 1;
      if (left < 0) {
        break;
      }
      if (random.chance(slowness.probability)) {
        await world.time.sleep(random.int(0, slowness.mostMs));
      }
    }
    if (left >= 0) {
      return;
    }
    // As it comes back from where it was stored.
    resumeFrom = JSON.parse(JSON.stringify(output.position));
    world.log.note(`left at ${JSON.stringify(resumeFrom)}`);
  }
}
