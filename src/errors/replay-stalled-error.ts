import { Code } from "@connectrpc/connect";

/**
 * The output cannot be resumed for now: again and again the server's replay broke off before the
 * point that had been reached. Nothing is known to be lost; try again later with `resumeFrom`.
 */
export class ReplayStalledError extends Error {
  /** Always `"ReplayStalledError"`. */
  override readonly name = "ReplayStalledError";
  /** Always `Code.Unavailable`. */
  readonly code = Code.Unavailable;

  constructor(processName: string, replays: number, options: ErrorOptions = {}) {
    super(
      `output of process ${processName} cannot be resumed: ${replays} replays in a row ended before the position reached so far; try again later with resumeFrom`,
      options,
    );
  }
}
