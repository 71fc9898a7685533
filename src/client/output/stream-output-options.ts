import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { requireBoolean } from "../../errors/require-kind.js";
import { shown } from "../../errors/shown.js";
import type { OutputPosition, StreamPosition } from "../../model/output.js";
import type { CallOptions } from "../call-options.js";
import { requireCallOptions } from "../input/call.js";
import { requireProcessName } from "../input/names.js";
import { requireByteCount, requireCrc32 } from "../input/numbers.js";

/** Options of `streamOutput`, and of what is built on it. */
export interface StreamOutputOptions extends CallOptions {
  /**
   * Whether to leave out what the process wrote before the call. Offsets and the position are not
   * known then, and a break of the stream is an OutputGapError.
   * @default false
   */
  readonly skipReplay?: boolean | undefined;
  /**
   * Goes on after this position, saved from an earlier stream of the same process. The server
   * replays what comes before it, which is checked and dropped here.
   * @default the first byte
   */
  readonly resumeFrom?: OutputPosition | undefined;
  /**
   * What makes the end of the output believed: the final state of the process, or besides it one
   * more replay that adds nothing. The replay is for durable copies: it costs the transfer of the
   * whole output once more.
   * @default "status"
   */
  readonly verifyEnd?: "status" | "replay" | undefined;
}

/** Refuses what `streamOutput` cannot obey. */
export function requireStreamOutput(name: string, options: StreamOutputOptions): void {
  requireProcessName("name", name);
  requireCallOptions(options);
  const { skipReplay = false, resumeFrom, verifyEnd = "status" } = options;
  requireBoolean("skipReplay", skipReplay);
  if (verifyEnd !== "status" && verifyEnd !== "replay") {
    throw new InvalidInputError("verifyEnd", 'must be "status" or "replay"', shown(verifyEnd));
  }
  if (verifyEnd === "replay" && skipReplay) {
    throw new InvalidInputError("verifyEnd", 'must not be "replay" with skipReplay');
  }
  if (resumeFrom === undefined) {
    return;
  }
  if (skipReplay) {
    throw new InvalidInputError("resumeFrom", "must not be combined with skipReplay");
  }
  requireStreamPosition("resumeFrom.stdout", resumeFrom?.stdout);
  requireStreamPosition("resumeFrom.stderr", resumeFrom?.stderr);
}

function requireStreamPosition(field: string, position: StreamPosition): void {
  if (typeof position?.bytes !== "number" || typeof position.crc32 !== "number") {
    throw new InvalidInputError(field, "must be { bytes, crc32 } of a saved position");
  }
  requireByteCount(`${field}.bytes`, position.bytes);
  requireCrc32(`${field}.crc32`, position.crc32);
}
