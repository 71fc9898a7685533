import { Code } from "@connectrpc/connect";
import type { CapturedOutput } from "../model/captured-output.js";
import { isFinished, type Process } from "../model/process.js";
import { hideFromInspection } from "./hide-from-inspection.js";
import { shownValue } from "./invalid-input-error.js";

/** What `runProcess` had captured when it gave up waiting. */
export interface OutputSoFar {
  /** Standard output so far. */
  readonly stdout: CapturedOutput;
  /** Standard error so far. */
  readonly stderr: CapturedOutput;
}

/**
 * What else an error of a timeout can tell.
 *
 * @inline
 */
export interface WaitTimeoutErrorOptions extends ErrorOptions {
  /** The output so far. */
  readonly output?: OutputSoFar | undefined;
  /** Whether the process was ended because of the timeout. */
  readonly terminated?: boolean | undefined;
  /** The last lines that the process wrote, where a line was waited for. */
  readonly lastLines?: readonly string[] | undefined;
}

/**
 * The process was not final, or had not written the line that was waited for, when the caller's time
 * was over. The process goes on.
 */
export class WaitTimeoutError extends Error {
  /** Always `"WaitTimeoutError"`. */
  override readonly name = "WaitTimeoutError";
  /** Always `Code.DeadlineExceeded`. */
  readonly code = Code.DeadlineExceeded;
  /** The process when it was last seen; undefined where the server never answered. */
  readonly process: Process | undefined;
  /** How long the caller wanted to wait, in milliseconds. */
  readonly timeoutMs: number;
  /** From `runProcess`: the output so far. */
  readonly output: OutputSoFar | undefined;
  /** From `waitForLine`: the last lines that the process wrote, at most ten, long ones cut. */
  readonly lastLines: readonly string[] | undefined;

  constructor(
    processName: string,
    process: Process | undefined,
    timeoutMs: number,
    options: WaitTimeoutErrorOptions = {},
  ) {
    const within = `within ${timeoutMs / 1000} s`;
    const { lastLines } = options;
    const state = lastLines
      ? lineOf(process, within, lastLines)
      : stateOf(process, within, options.terminated);
    // What runProcess creates is started by the server.
    const hint = process && !options.output ? neverStarted(process) : "";
    super(`process ${processName} ${state}${hint}`, options);
    this.process = process;
    this.timeoutMs = timeoutMs;
    this.output = options.output;
    this.lastLines = lastLines;
    hideFromInspection(this, "process", "output", "lastLines");
  }
}

function stateOf(process: Process | undefined, within: string, terminated = false): string {
  const late = `did not reach final state ${within}`;
  if (!process) {
    return `${late}: its state is not known`;
  }
  if (terminated) {
    return `${late} and was terminated: its state is now ${process.state}`;
  }
  return isFinished(process)
    ? `is in final state ${process.state}, but its output was not taken ${within}`
    : `${late}: its state is ${process.state}`;
}

function lineOf(
  process: Process | undefined,
  within: string,
  lastLines: readonly string[],
): string {
  const state = process ? `its state is ${process.state}` : "its state is not known";
  const last = lastLines.at(-1);
  const seen = last === undefined ? "it wrote no line" : `its last line is ${shownValue(last)}`;
  return `wrote no line that matches ${within}: ${state}, ${seen}`;
}

/** Follows a text on a process that did not end: one that is PENDING never will by itself. */
export function neverStarted(process: Process): string {
  return process.state === "STATE_PENDING"
    ? ", it was never started: call startProcess, or create it with autoRun: true"
    : "";
}
