import {
  frameFromMessage,
  type OutputFrame,
  type OutputStream,
  ownedBytes,
  streamToNumber,
} from "../../model/output.js";
import { checkCallOptions, checkReadOptions } from "../../rules/methods.js";
import { requireProcessName } from "../../rules/names.js";
import type { CallOptions } from "../call-options.js";
import type { Rpc } from "../rpc.js";
import { unary } from "../unary.js";

/** Options of `readOutput`. */
export interface ReadOutputOptions extends CallOptions {
  /**
   * The stream to read.
   * @default "OUTPUT_STREAM_COMBINED"
   */
  readonly outputStream?: OutputStream | undefined;
}

/** See `ProcessClient.readOutput`. */
export async function readOutput(
  rpc: Rpc,
  name: string,
  options: ReadOutputOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  requireProcessName("name", name);
  checkReadOptions(options);
  const { outputStream: stream = "OUTPUT_STREAM_COMBINED" } = options;
  const outputStream = streamToNumber(stream);
  const answer = await unary(
    rpc,
    {
      method: "ReadOutput",
      resource: name,
      bulk: true,
      send: (service, callOptions) => service.readOutput({ name, outputStream }, callOptions),
    },
    options,
  );
  return ownedBytes(answer.data);
}

/** See `ProcessClient.readOutputFrames`. */
export async function readOutputFrames(
  rpc: Rpc,
  name: string,
  options: CallOptions,
): Promise<OutputFrame[]> {
  requireProcessName("name", name);
  checkCallOptions(options);
  const answer = await unary(
    rpc,
    {
      method: "ReadOutputFrames",
      resource: name,
      bulk: true,
      send: (service, callOptions) => service.readOutputFrames({ name }, callOptions),
    },
    options,
  );
  return answer.frames.map(frameFromMessage);
}
