import type { ProcessStream } from "../../model/output.js";
import { PROCESS_STREAMS } from "../../model/output.js";
import { checkLinesOptions } from "../../rules/methods.js";
import type { Rpc } from "../rpc.js";
import { type DecodedLine, LineDecoder } from "./line-decoder.js";
import { OutputFollower } from "./live-output.js";
import type { StreamOutputOptions } from "./stream-output-options.js";

const MAX_LINE_BYTES = 1024 * 1024;

/** Options of `streamLines`. */
export interface StreamLinesOptions extends StreamOutputOptions {
  /**
   * How much of one line is kept in memory, in bytes. A longer line comes in pieces, of which all
   * but the last have `continues` set.
   * @default 1 MiB
   */
  readonly maxLineBytes?: number | undefined;
}

/** A line of output. */
export interface OutputLine extends DecodedLine {
  /** The stream that the process wrote it to. */
  readonly stream: ProcessStream;
}

/** See `ProcessClient.streamLines`. */
export async function* streamLines(
  rpc: Rpc,
  name: string,
  options: StreamLinesOptions,
): AsyncGenerator<OutputLine, void, undefined> {
  checkLinesOptions(options);
  const { maxLineBytes = MAX_LINE_BYTES, ...follow } = options;
  const decoders: Record<ProcessStream, LineDecoder> = {
    OUTPUT_STREAM_STDOUT: new LineDecoder(maxLineBytes),
    OUTPUT_STREAM_STDERR: new LineDecoder(maxLineBytes),
  };
  for await (const { stream, data } of new OutputFollower(rpc, name, follow)) {
    for (const line of decoders[stream].push(data)) {
      yield { stream, ...line };
    }
  }
  for (const stream of PROCESS_STREAMS) {
    for (const line of decoders[stream].end()) {
      yield { stream, ...line };
    }
  }
}
