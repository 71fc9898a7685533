import { type InspectOptions, inspect } from "node:util";
import { joined } from "./bytes.js";
import { type FinishedProcess, shownProcess } from "./process.js";
import { decoded, inspectedBytes, shownBytes } from "./shown.js";

/**
 * What was kept of one output stream: all of it up to a bound, beyond that its beginning and its
 * end.
 */
export class CapturedOutput {
  /** The first bytes; all of them where nothing was dropped. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** The last bytes; empty where nothing was dropped. */
  readonly tail: Uint8Array<ArrayBuffer>;
  /** How many bytes the process wrote to the stream. */
  readonly totalBytes: number;
  /** How many bytes between `head` and `tail` were not kept. */
  readonly droppedBytes: number;

  constructor(head: Uint8Array<ArrayBuffer>, tail: Uint8Array<ArrayBuffer>, totalBytes: number) {
    this.head = head;
    this.tail = tail;
    this.totalBytes = totalBytes;
    this.droppedBytes = totalBytes - head.length - tail.length;
  }

  /**
   * The bytes of the stream.
   *
   * @param options.allowDropped joins `head` and `tail` although bytes between them are missing.
   * @throws RangeError if bytes were dropped and that was not allowed.
   */
  bytes(options: { readonly allowDropped?: boolean } = {}): Uint8Array<ArrayBuffer> {
    if (this.droppedBytes > 0 && options.allowDropped !== true) {
      throw new RangeError(
        `${this.droppedBytes} of ${this.totalBytes} bytes of this output were not kept: raise maxOutputBytes, pass a Writable, or read it with allowDropped`,
      );
    }
    return joined([this.head, this.tail]);
  }

  /**
   * The stream decoded as UTF-8; bytes that are not become U+FFFD.
   *
   * @param options.allowDropped puts U+FFFD where bytes are missing.
   * @throws RangeError if bytes were dropped and that was not allowed.
   */
  text(options: { readonly allowDropped?: boolean } = {}): string {
    if (this.droppedBytes > 0 && options.allowDropped === true) {
      return `${decoded(this.head)}\uFFFD${decoded(this.tail)}`;
    }
    return decoded(this.bytes(options));
  }

  /**
   * The output as a log can show it: all of a little text; of more than 8 KiB the beginning and the
   * end, and how many bytes are left out; of bytes that are not UTF-8 the first ones. A program
   * takes `text()` or `bytes()`.
   */
  toString(): string {
    return shownBytes(this);
  }

  /** What `JSON.stringify` takes: the same as `toString()`. */
  toJSON(): string {
    return this.toString();
  }

  /** What `console.log` shows: the same, quoted, and the number of bytes. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspectedBytes("CapturedOutput", this, options);
  }
}

/**
 * How a process ended and what it wrote: the outcome of `runProcess`. It can be logged: as text, as
 * JSON and to `console.log` it is small, and shows no values of environment variables.
 */
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

/**
 * A result that is small where it is logged.
 *
 * @internal
 */
export class RunResult implements ProcessResult {
  readonly process: FinishedProcess;
  readonly exitCode: number | undefined;
  readonly ok: boolean;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;

  constructor(process: FinishedProcess, output: Pick<ProcessResult, "stdout" | "stderr">) {
    this.process = process;
    this.exitCode = process.exitCode;
    this.ok = process.state === "STATE_SUCCEEDED";
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }

  toString(): string {
    const { process, exitCode, stdout, stderr } = this;
    const code = exitCode === undefined ? "" : ` with exit code ${exitCode}`;
    const written = `${stdout.totalBytes} bytes on stdout, ${stderr.totalBytes} on stderr`;
    return `process ${process.name} ended in ${process.state}${code}: ${written}`;
  }

  toJSON(): object {
    return { ...this, process: shownProcess(this.process) };
  }

  [inspect.custom](): object {
    return { ...this };
  }
}
