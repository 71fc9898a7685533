import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { WrittenStream } from "../../../src/stub/engine/runner/runner.js";

// A prime, so that a lost, repeated or moved run of bytes shows, wherever it was.
const PERIOD = 251;
// Longer than anything that is asked for at once.
const TABLE = Uint8Array.from({ length: 2 ** 20 }, (_, index) => index % PERIOD);

/** What a simulated process writes to a stream from byte `from` on. */
export function writtenBytes(stream: WrittenStream, from: number, length: number): Uint8Array {
  const start = (from + saltOf(stream)) % PERIOD;
  return TABLE.subarray(start, start + length);
}

/** The first place of a stream where these bytes can be. */
export function firstPlace(stream: WrittenStream, [first = 0]: Uint8Array): number {
  return (first + PERIOD - saltOf(stream)) % PERIOD;
}

function saltOf(stream: WrittenStream): number {
  return stream === OutputStream.STDOUT ? 0 : 127;
}
