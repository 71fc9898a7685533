import type { CallOptions } from "../call/call-options.js";
import type { OutputPosition } from "../model/output.js";

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
