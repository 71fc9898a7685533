import type { Limit } from "../async/limit.js";
import { startTimer } from "../async/timer.js";
import type { CallOptions } from "../call/call-options.js";
import type { Caller } from "../call/run.js";
import { InvalidInputError } from "../errors/invalid-input-error.js";
import { WaitTimeoutError } from "../errors/wait-timeout-error.js";
import type { OutputStream, ProcessStream } from "../model/output.js";
import type { FinishedProcess, Process } from "../model/process.js";
import { streamLines } from "../output/lines.js";
import { checkWaitForLineOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import { getProcess } from "./get-process.js";
import { LEAST_LOOK_MS, waitProcess } from "./wait-process.js";

// What a timeout tells, bounded: lines may be long.
const LAST_LINES = 10;
const LAST_LINE_CHARACTERS = 1_000;

/** Options of `waitForLine`. */
export interface WaitForLineOptions extends CallOptions {
  /**
   * The stream to look at.
   * @default "OUTPUT_STREAM_COMBINED", both
   */
  readonly stream?: OutputStream | undefined;
}

/** What `waitForLine` looks for: an expression, or a function that is asked about each line. */
export type LineMatch = RegExp | ((line: string) => boolean);

/** What came first: the line, or the end of the process. */
export type LineOutcome =
  | {
      /** The line came. */
      readonly found: true;
      /** The first line that matches, without its end. */
      readonly line: string;
      /** The stream that the process wrote it to. */
      readonly stream: ProcessStream;
    }
  | {
      /** The process ended first. */
      readonly found: false;
      /** The process, which ended without such a line. */
      readonly process: FinishedProcess;
      /** The last lines that it wrote, at most ten, long ones cut. */
      readonly lastLines: readonly string[];
    };

// Tells the end of our own time from every other reason to stop.
const TIMED_OUT = Symbol("timed out");

/**
 * See `ProcessClient.waitForLine`.
 *
 * @internal
 */
export async function waitForLine(
  caller: Caller,
  name: string,
  match: LineMatch,
  options: WaitForLineOptions,
): Promise<LineOutcome> {
  requireProcessName("name", name);
  const matches = matcher(match);
  checkWaitForLineOptions(options);
  const { timeoutMs, signal, headers } = options;
  const limit = caller.life.within({ signal });
  const timer =
    timeoutMs === undefined ? undefined : startTimer(timeoutMs, () => limit.end(() => TIMED_OUT));
  const lastLines: string[] = [];
  try {
    return await search({ ...caller, life: limit }, name, matches, options, lastLines);
  } catch (error) {
    signal?.throwIfAborted();
    if (error !== TIMED_OUT && !isTimedOut(limit)) {
      throw error;
    }
    const seen = await lastLook(caller, name, { signal, headers });
    throw new WaitTimeoutError(name, seen.process, timeoutMs ?? 0, {
      lastLines,
      cause: error === TIMED_OUT ? seen.error : error,
    });
  } finally {
    timer?.();
    limit.release();
  }
}

function isTimedOut(limit: Limit): boolean {
  return limit.ended?.reason === TIMED_OUT;
}

async function search(
  caller: Caller,
  name: string,
  matches: (line: string) => boolean,
  { stream: wanted = "OUTPUT_STREAM_COMBINED", headers, timeoutMs }: WaitForLineOptions,
  lastLines: string[],
): Promise<LineOutcome> {
  if (timeoutMs === 0) {
    throw TIMED_OUT;
  }
  for await (const { line, stream } of streamLines(caller, name, { headers })) {
    if (wanted === "OUTPUT_STREAM_COMBINED" || wanted === stream) {
      if (matches(line)) {
        return { found: true, line, stream };
      }
      lastLines.push(line.slice(0, LAST_LINE_CHARACTERS));
      if (lastLines.length > LAST_LINES) {
        lastLines.shift();
      }
    }
  }
  return { found: false, process: await waitProcess(caller, name, { headers }), lastLines };
}

async function lastLook(
  caller: Caller,
  name: string,
  options: CallOptions,
): Promise<{ process?: Process; error?: unknown }> {
  try {
    return { process: await getProcess(caller, name, { ...options, timeoutMs: LEAST_LOOK_MS }) };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { error };
  }
}

function matcher(match: unknown): (line: string) => boolean {
  if (match instanceof RegExp) {
    // A copy, since an expression with `g` or `y` goes on after its last match.
    const own = new RegExp(match);
    return (line) => {
      own.lastIndex = 0;
      return own.test(line);
    };
  }
  if (typeof match !== "function") {
    throw new InvalidInputError("match", "must be a regular expression or a function");
  }
  return (line) => {
    const result: unknown = match(line);
    if (typeof result !== "boolean") {
      // A promise would be taken for a match of every line.
      throw new InvalidInputError("match", "must return true or false");
    }
    return result;
  };
}
