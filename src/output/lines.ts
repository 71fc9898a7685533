import type { PullSource } from "../async/pull.js";
import type { Caller } from "../call/run.js";
import type { ProcessStream } from "../model/output.js";
import { checkLinesOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";
import type { Batch } from "../transport/wire.js";
import { Follow } from "./follow.js";
import { type DecodedLine, LineDecoder } from "./line-decoder.js";
import { ReadOnce } from "./live-output.js";
import type { StreamOutputOptions } from "./stream-output-options.js";

const MAX_LINE_BYTES = 1024 * 1024;

/** Options of `streamLines`. */
export interface StreamLinesOptions extends StreamOutputOptions {
  /**
   * How much of one line is kept in memory, in bytes. A longer line comes in pieces, of which all
   * but the last have `continues` set.
   * @default 1 MiB
   */
  readonly maxLineBytes?: number | undefined;
}

/** A line of output. */
export interface OutputLine extends DecodedLine {
  /** The stream that the process wrote it to. */
  readonly stream: ProcessStream;
}

/**
 * See `ProcessClient.streamLines`.
 *
 * @internal
 */
export function streamLines(
  caller: Caller,
  name: string,
  options: StreamLinesOptions,
): AsyncIterable<OutputLine, void, undefined> {
  return new ReadOnce(new Lines(caller, name, options), "lines", "streamLines");
}

/** The lines of both streams, as they end. */
class Lines implements PullSource<OutputLine> {
  readonly #follow: Follow;
  readonly #name: string;
  readonly #options: StreamLinesOptions;
  #stdout: LineDecoder | undefined;
  #stderr: LineDecoder | undefined;
  #lines: OutputLine[] = [];
  #at = 0;
  #isOver = false;

  constructor(caller: Caller, name: string, options: StreamLinesOptions) {
    this.#follow = new Follow(caller, name, options);
    this.#name = name;
    this.#options = options;
  }

  take(): OutputLine | undefined {
    while (this.#at >= this.#lines.length) {
      const batch = this.#follow.take();
      if (batch === undefined) {
        return undefined;
      }
      this.#lines = [];
      this.#at = 0;
      this.#decode(batch);
    }
    if (this.#follow.isEnded) {
      return undefined;
    }
    const line = this.#lines[this.#at];
    this.#at += 1;
    return line;
  }

  async more(): Promise<boolean> {
    if (!this.#stdout || !this.#stderr) {
      requireProcessName("name", this.#name);
      checkLinesOptions(this.#options);
      const { maxLineBytes = MAX_LINE_BYTES } = this.#options;
      this.#stdout = new LineDecoder(maxLineBytes);
      this.#stderr = new LineDecoder(maxLineBytes);
    }
    // After the end too: an abort must not look like it.
    if (await this.#follow.more()) {
      return true;
    }
    if (this.#isOver) {
      return false;
    }
    // The last lines without a terminator.
    this.#isOver = true;
    this.#lines = [];
    this.#at = 0;
    this.#add("OUTPUT_STREAM_STDOUT", this.#stdout.end());
    this.#add("OUTPUT_STREAM_STDERR", this.#stderr.end());
    return true;
  }

  close(why: () => unknown): void {
    this.#follow.close(why);
  }

  #decode(batch: Batch): void {
    const stderr = batch.join(true);
    if (stderr.length === 0) {
      this.#add("OUTPUT_STREAM_STDOUT", this.#stdout?.push(batch.join(false)));
    } else if (stderr.length === batch.bytes) {
      this.#add("OUTPUT_STREAM_STDERR", this.#stderr?.push(stderr));
    } else {
      for (let i = 0; i < batch.count; i += 1) {
        if (batch.stderr(i)) {
          this.#add("OUTPUT_STREAM_STDERR", this.#stderr?.push(batch.data(i)));
        } else {
          this.#add("OUTPUT_STREAM_STDOUT", this.#stdout?.push(batch.data(i)));
        }
      }
    }
  }

  #add(stream: ProcessStream, lines: Iterable<DecodedLine> = []): void {
    for (const { line, continues } of lines) {
      this.#lines.push({ stream, line, continues });
    }
  }
}
