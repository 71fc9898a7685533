import { Code } from "@connectrpc/connect";
import type { ProcessResult } from "../model/captured-output.js";
import { hideFromInspection } from "./hide-from-inspection.js";

// Enough to see the reason in a log line; the whole output is in the result.
const SHOWN_STDERR_BYTES = 1_000;

/** A process that was run with `check: true` did not succeed. */
export class ProcessFailedError extends Error {
  /** Always `"ProcessFailedError"`. */
  override readonly name = "ProcessFailedError";
  /** Always `Code.Aborted`: the call worked, what it ran did not. */
  readonly code = Code.Aborted;
  /** How it ended, and what it wrote. */
  readonly result: ProcessResult;

  constructor(result: ProcessResult) {
    const { process, exitCode, stderr } = result;
    const end = exitCode === undefined ? process.state : `exit code ${exitCode}`;
    const bytes = stderr.bytes({ allowDropped: true }).subarray(-SHOWN_STDERR_BYTES);
    const shown = new TextDecoder().decode(bytes).trim();
    super(
      `process ${process.name} (${process.command}) failed with ${end}${shown === "" ? "" : `: ${shown}`}`,
    );
    this.result = result;
    hideFromInspection(this, "result");
  }
}
