import { Code } from "@connectrpc/connect";
import type { CapturedOutput } from "../model/captured-output.js";
import type { Process } from "../model/process.js";
import { hideFromInspection } from "./hide-from-inspection.js";

/** What `runProcess` had captured when it gave up waiting. */
export interface OutputSoFar {
  /** Standard output so far. */
  readonly stdout: CapturedOutput;
  /** Standard error so far. */
  readonly stderr: CapturedOutput;
}

/** The process was not final when the caller's time was over. The process goes on. */
export class WaitTimeoutError extends Error {
  override readonly name = "WaitTimeoutError";
  /** Always `Code.DeadlineExceeded`. */
  readonly code = Code.DeadlineExceeded;
  /** The process when it was last seen; undefined where the server never answered. */
  readonly process: Process | undefined;
  /** How long the caller wanted to wait, in milliseconds. */
  readonly timeoutMs: number;
  /** From `runProcess`: the output so far. */
  readonly output: OutputSoFar | undefined;

  constructor(
    processName: string,
    process: Process | undefined,
    timeoutMs: number,
    options: ErrorOptions & { readonly output?: OutputSoFar | undefined } = {},
  ) {
    super(
      `process ${processName} did not reach final state within ${timeoutMs / 1000} s: its state ${
        process ? `is ${process.state}` : "is not known, the server did not answer"
      }`,
      options,
    );
    this.process = process;
    this.timeoutMs = timeoutMs;
    this.output = options.output;
    hideFromInspection(this, "process", "output");
  }
}
