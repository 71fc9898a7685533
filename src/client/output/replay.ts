import { OutputGapError } from "../../errors/output-gap-error.js";
import {
  type OutputFrame,
  type OutputPosition,
  PROCESS_STREAMS,
  type ProcessStream,
  type StreamPosition,
} from "../../model/output.js";
import { StreamCounter } from "./stream-counter.js";

/**
 * Passes on what comes after a known position of a replay, and makes sure that what comes before is
 * what was handed over then. Counts each stream by itself: a replay may interleave the two in
 * another way.
 */
export class Replay {
  readonly #processName: string;
  readonly #known: Readonly<Record<ProcessStream, StreamPosition>>;
  readonly #seen = new StreamCounter();
  #began = false;

  constructor(processName: string, known: OutputPosition) {
    this.#processName = processName;
    this.#known = {
      OUTPUT_STREAM_STDOUT: known.stdout,
      OUTPUT_STREAM_STDERR: known.stderr,
    };
  }

  /**
   * The bytes of a frame that come after the known position; empty where there are none.
   *
   * @throws OutputGapError if the replayed bytes differ from those handed over before.
   */
  unseen({ stream, data }: OutputFrame): Uint8Array<ArrayBuffer> {
    this.#began = true;
    const known = this.#known[stream];
    const seen = this.#seen.of(stream);
    const old = Math.min(data.length, known.bytes - seen.bytes);
    if (old <= 0) {
      return data;
    }
    this.#seen.add(stream, data.subarray(0, old));
    if (seen.bytes === known.bytes && seen.crc32 !== known.crc32) {
      throw new OutputGapError(
        this.#processName,
        "the server replays other bytes than it sent before",
        { stream, fromByte: 0, toByte: known.bytes },
      );
    }
    return data.subarray(old);
  }

  /** Whether the replay has brought anything. */
  get began(): boolean {
    return this.#began;
  }

  /** How many bytes came again. */
  get droppedBytes(): number {
    const { stdout, stderr } = this.#seen.position();
    return stdout.bytes + stderr.bytes;
  }

  /** How far the replay got, up to the known position. */
  replayed(): OutputPosition {
    return this.#seen.position();
  }

  /** The first stream whose replay ended before the known position; undefined if both got there. */
  shortStream(): { stream: ProcessStream; replayed: number; known: number } | undefined {
    for (const stream of PROCESS_STREAMS) {
      const replayed = this.#seen.of(stream).bytes;
      const known = this.#known[stream].bytes;
      if (replayed < known) {
        return { stream, replayed, known };
      }
    }
    return undefined;
  }
}
