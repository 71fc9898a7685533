import type { FinishedProcess } from "./process.js";

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
    const joined = new Uint8Array(this.head.length + this.tail.length);
    joined.set(this.head);
    joined.set(this.tail, this.head.length);
    return joined;
  }

  /**
   * The stream decoded as UTF-8; bytes that are not become U+FFFD.
   *
   * @param options.allowDropped puts U+FFFD where bytes are missing.
   * @throws RangeError if bytes were dropped and that was not allowed.
   */
  text(options: { readonly allowDropped?: boolean } = {}): string {
    if (this.droppedBytes > 0 && options.allowDropped === true) {
      return `${decode(this.head)}\uFFFD${decode(this.tail)}`;
    }
    return decode(this.bytes(options));
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

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
