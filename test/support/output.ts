import type { OutputFrame, ProcessStream } from "../../src/index.js";

/** The bytes of frames joined: of one stream, or of both. */
export function joined(frames: readonly OutputFrame[], stream?: ProcessStream): Buffer {
  const chosen = frames.filter((frame) => stream === undefined || frame.stream === stream);
  return Buffer.concat(chosen.map(({ data }) => data));
}

/** Both streams as text. */
export function texts(frames: readonly OutputFrame[]): { stdout: string; stderr: string } {
  return {
    stdout: joined(frames, "OUTPUT_STREAM_STDOUT").toString(),
    stderr: joined(frames, "OUTPUT_STREAM_STDERR").toString(),
  };
}
