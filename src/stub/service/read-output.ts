import { Code, ConnectError } from "@connectrpc/connect";

import type {
  OutputFrame,
  OutputStream,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { EngineProcess } from "../engine/engine-process.js";
import { MAX_MESSAGE_BYTES } from "./message-limits.js";

// The encoding of protobuf adds to the bytes themselves, in a ReadOutputResponse: a tag and a
// length; in a ReadOutputFramesResponse, for each frame: a tag and a length for the frame and for
// its data, and the stream. A length takes four bytes at most below 2^28.
const RESPONSE_OVERHEAD_BYTES = 5;
const FRAME_OVERHEAD_BYTES = 12;

/**
 * The whole output of one stream.
 *
 * @throws ConnectError RESOURCE_EXHAUSTED where it does not fit into one message.
 */
export async function readStream(
  process: EngineProcess,
  stream: OutputStream,
): Promise<Uint8Array> {
  return process.readOutput(stream, MAX_MESSAGE_BYTES - RESPONSE_OVERHEAD_BYTES);
}

/**
 * All frames of the output.
 *
 * @throws ConnectError RESOURCE_EXHAUSTED where they do not fit into one message.
 */
export async function readFrames(process: EngineProcess): Promise<OutputFrame[]> {
  const frames = await process.readFrames(MAX_MESSAGE_BYTES - FRAME_OVERHEAD_BYTES);
  const size = frames.reduce((sum, { data }) => sum + data.length + FRAME_OVERHEAD_BYTES, 0);
  if (size > MAX_MESSAGE_BYTES) {
    throw new ConnectError(
      `the ${frames.length} frames of ${process.name} take more than the ${MAX_MESSAGE_BYTES} bytes ` +
        "of one message: use StreamOutput",
      Code.ResourceExhausted,
    );
  }
  return frames;
}
