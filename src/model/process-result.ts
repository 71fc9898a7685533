import type { CapturedOutput } from "./captured-output.js";
import type { FinishedProcess } from "./process.js";

/** How a process ended and what it wrote: the outcome of `runProcess`. */
export interface ProcessResult {
  /** The finished process. */
  readonly process: FinishedProcess;
  /** Its exit code; undefined where the server gave none. */
  readonly exitCode: number | undefined;
  /** Whether it SUCCEEDED. */
  readonly ok: boolean;
  /** What it wrote to standard output. */
  readonly stdout: CapturedOutput;
  /** What it wrote to standard error. */
  readonly stderr: CapturedOutput;
}
