import { Code } from "@connectrpc/connect";
import { withFrames } from "../async/with-frames.js";
import type { ProcessStream } from "../model/output.js";

/** Where output is missing, or is not what it was. Offsets count bytes of one stream. */
export interface OutputGap {
  /** The stream with the gap; undefined where it can be in either. */
  readonly stream: ProcessStream | undefined;
  /** The first byte that is missing or different; undefined where that cannot be known. */
  readonly fromByte: number | undefined;
  /** The byte after the last of them; undefined where that cannot be known. */
  readonly toByte: number | undefined;
}

/**
 * Output cannot be delivered without a gap: the server lost or changed what it had sent before, or
 * a stream without replay broke. What was handed over so far is correct.
 */
export class OutputGapError extends Error implements OutputGap {
  /** Always `"OutputGapError"`. */
  override readonly name = "OutputGapError";
  /** Always `Code.DataLoss`. */
  readonly code = Code.DataLoss;
  readonly stream: ProcessStream | undefined;
  readonly fromByte: number | undefined;
  readonly toByte: number | undefined;

  constructor(processName: string, why: string, gap: OutputGap, options: ErrorOptions = {}) {
    super(`output of process ${processName} has a gap${describe(gap)}: ${why}`, options);
    this.stream = gap.stream;
    this.fromByte = gap.fromByte;
    this.toByte = gap.toByte;
  }
}

function describe({ stream, fromByte, toByte }: OutputGap): string {
  const place = stream === undefined ? "" : ` in ${stream}`;
  if (fromByte === undefined) {
    return place;
  }
  return `${place} ${toByte === undefined ? `from byte ${fromByte}` : `in bytes ${fromByte} to ${toByte}`}`;
}

/**
 * The error of a stream that broke where its past cannot be read again.
 *
 * @internal
 */
export function gapWithoutReplay(process: string, cause: unknown): OutputGapError {
  const unknown = { stream: undefined, fromByte: undefined, toByte: undefined };
  const why = "the stream broke, and without replay what follows cannot be found";
  return withFrames(() => new OutputGapError(process, why, unknown, { cause }));
}
