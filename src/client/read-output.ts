import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { CallOptions } from "../call/call-options.js";
import { type Caller, run } from "../call/run.js";
import {
  frameFromMessage,
  type OutputFrame,
  type OutputStream,
  ownedBytes,
  streamToNumber,
} from "../model/output.js";
import { checkCallOptions, checkReadOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";

const { readOutput: READ_OUTPUT, readOutputFrames: READ_FRAMES } = ProcessService.method;

/** Options of `readOutput`. */
export interface ReadOutputOptions extends CallOptions {
  /**
   * The stream to read.
   * @default "OUTPUT_STREAM_COMBINED"
   */
  readonly outputStream?: OutputStream | undefined;
}

/**
 * See `ProcessClient.readOutput`.
 *
 * @internal
 */
export async function readOutput(
  caller: Caller,
  name: string,
  options: ReadOutputOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  requireProcessName("name", name);
  checkReadOptions(options);
  const { outputStream: stream = "OUTPUT_STREAM_COMBINED" } = options;
  const outputStream = streamToNumber(stream);
  const answer = await run(
    caller,
    {
      method: READ_OUTPUT,
      resource: name,
      headers: options.headers,
      bulk: true,
      send: (wire, attempt) => wire.unary(READ_OUTPUT, { name, outputStream }, attempt),
    },
    options,
  );
  return ownedBytes(answer.data);
}

/**
 * See `ProcessClient.readOutputFrames`.
 *
 * @internal
 */
export async function readOutputFrames(
  caller: Caller,
  name: string,
  options: CallOptions,
): Promise<OutputFrame[]> {
  requireProcessName("name", name);
  checkCallOptions(options);
  const answer = await run(
    caller,
    {
      method: READ_FRAMES,
      resource: name,
      headers: options.headers,
      bulk: true,
      send: (wire, attempt) => wire.unary(READ_FRAMES, { name }, attempt),
    },
    options,
  );
  return answer.frames.map(frameFromMessage);
}
