import { crc32 } from "node:zlib";
import { withFrames } from "../async/with-frames.js";
import { OutputGapError } from "../errors/output-gap-error.js";
import { ReplayStalledError } from "../errors/replay-stalled-error.js";
import type { OutputPosition, ProcessStream, StreamPosition } from "../model/output.js";
import { type OutputPiece, PieceBatch, SMALL_BYTES } from "../transport/output-batch.js";
import type { Batch } from "../transport/wire.js";

const MOST_SHORT_REPLAYS = 3;

interface Count {
  bytes: number;
  crc32: number;
}

/**
 * Counts the bytes of both streams, and keeps a running CRC-32 of each. A batch is counted when it is
 * taken, before a reader can change what it was given. Where only a part of it was handed over, the
 * position of that part is worked out when somebody asks for it, of the bytes as they are then.
 */
export class OutputCounter {
  readonly #stdout: Count;
  readonly #stderr: Count;
  // The last batch, and the counts before it.
  #batch: Batch | undefined;
  #before: OutputPosition | undefined;

  /** @param from where to go on counting; by default, at the first byte. */
  constructor(from?: OutputPosition) {
    this.#stdout = { bytes: 0, crc32: 0, ...from?.stdout };
    this.#stderr = { bytes: 0, crc32: 0, ...from?.stderr };
  }

  /** How much of a stream was counted. */
  of(stderr: boolean): StreamPosition {
    return stderr ? this.#stderr : this.#stdout;
  }

  /** Counts bytes. */
  add(stderr: boolean, data: Uint8Array): void {
    const count = stderr ? this.#stderr : this.#stdout;
    count.bytes += data.length;
    count.crc32 = crc32(data, count.crc32);
  }

  /** Counts the frames of a batch from one to, not including, another. */
  addFrames(batch: Batch, from: number, to: number): void {
    if (from === 0 && to === batch.count && batch.bytes < to * SMALL_BYTES) {
      this.#addAll(false, batch);
      this.#addAll(true, batch);
      return;
    }
    for (let i = from; i < to; i += 1) {
      this.add(batch.stderr(i), batch.data(i));
    }
  }

  /** Counts a batch that is handed over from now on. */
  addBatch(batch: Batch): void {
    this.#before = this.position();
    this.#batch = batch;
    this.addFrames(batch, 0, batch.count);
  }

  /** The counts where so many frames of the last batch were handed over. */
  positionAfter(frames: number): OutputPosition {
    if (!this.#batch || frames >= this.#batch.count) {
      return this.position();
    }
    const counter = new OutputCounter(this.#before);
    counter.addFrames(this.#batch, 0, frames);
    return counter.position();
  }

  /** How many bytes of each stream come before the last batch. */
  get before(): OutputPosition | undefined {
    return this.#before;
  }

  /** The counts as they are now. */
  position(): OutputPosition {
    return { stdout: { ...this.#stdout }, stderr: { ...this.#stderr } };
  }

  #addAll(stderr: boolean, batch: Batch): void {
    const data = batch.join(stderr);
    if (data.length > 0) {
      this.add(stderr, data);
    }
  }
}

/**
 * Passes on what comes after a known position of a replay, and makes sure that what comes before is
 * what was handed over then. Counts each stream by itself: a replay may interleave the two in
 * another way.
 */
export class Replay {
  readonly #processName: string;
  readonly #known: OutputPosition;
  readonly #seen = new OutputCounter();
  #began = false;

  constructor(processName: string, known: OutputPosition) {
    this.#processName = processName;
    this.#known = known;
  }

  /** Whether the replay has brought anything. */
  get began(): boolean {
    return this.#began;
  }

  /** Whether all that follows is new. */
  get isOver(): boolean {
    return this.shortStream() === undefined;
  }

  /** How many bytes came again. */
  get droppedBytes(): number {
    return this.#seen.of(false).bytes + this.#seen.of(true).bytes;
  }

  /**
   * What a batch has beyond the known position; undefined if there is nothing.
   *
   * @throws OutputGapError if the replayed bytes differ from those handed over before.
   */
  unseen(batch: Batch): Batch | undefined {
    this.#began = true;
    if (this.isOver) {
      return batch;
    }
    const pieces: OutputPiece[] = [];
    for (let i = 0; i < batch.count; i += 1) {
      const stderr = batch.stderr(i);
      const data = this.#unseenOf(stderr, batch.data(i));
      if (data.length > 0) {
        pieces.push({ stderr, data });
      }
    }
    return pieces.length === 0 ? undefined : new PieceBatch(pieces);
  }

  /** How far the replay got, up to the known position. */
  replayed(): OutputPosition {
    return this.#seen.position();
  }

  /** The first stream whose replay ended before the known position; undefined if both got there. */
  shortStream(): { stream: ProcessStream; replayed: number; known: number } | undefined {
    return (
      this.#shortOf("OUTPUT_STREAM_STDOUT", false, this.#known.stdout) ??
      this.#shortOf("OUTPUT_STREAM_STDERR", true, this.#known.stderr)
    );
  }

  #shortOf(stream: ProcessStream, stderr: boolean, { bytes: known }: StreamPosition) {
    const replayed = this.#seen.of(stderr).bytes;
    return replayed < known ? { stream, replayed, known } : undefined;
  }

  #unseenOf(stderr: boolean, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const known = stderr ? this.#known.stderr : this.#known.stdout;
    const seen = this.#seen.of(stderr);
    const old = Math.min(data.length, known.bytes - seen.bytes);
    if (old <= 0) {
      return data;
    }
    this.#seen.add(stderr, data.subarray(0, old));
    if (seen.bytes === known.bytes && seen.crc32 !== known.crc32) {
      const stream = stderr ? "OUTPUT_STREAM_STDERR" : "OUTPUT_STREAM_STDOUT";
      const gap = { stream, fromByte: 0, toByte: known.bytes } as const;
      const why = "the server replays other bytes than it sent before";
      throw withFrames(() => new OutputGapError(this.#processName, why, gap));
    }
    return data.subarray(old);
  }
}

/** Notices replays that never get to the position reached before, over several streams. */
export class ReplayWatch {
  readonly #processName: string;
  #shortReplays = 0;
  #shortestEnd: string | undefined;

  constructor(processName: string) {
    this.#processName = processName;
  }

  /** Forgets what was: there were new bytes. */
  progress(): void {
    this.#shortReplays = 0;
    this.#shortestEnd = undefined;
  }

  /**
   * Counts a stream that broke in its replay.
   *
   * @throws ReplayStalledError at the third one in a row.
   */
  broken(replay: Replay | undefined, cause: unknown): void {
    if (!replay?.began || replay.isOver) {
      return;
    }
    this.#shortReplays += 1;
    if (this.#shortReplays >= MOST_SHORT_REPLAYS) {
      throw withFrames(
        () => new ReplayStalledError(this.#processName, this.#shortReplays, { cause }),
      );
    }
  }

  /**
   * Notes a replay of a finished process that ended cleanly, and too early. Once, a proxy can have
   * cut it; twice at the same byte, the server has no more.
   *
   * @throws OutputGapError the second time.
   */
  endedShort(replay: Replay): void {
    const short = replay.shortStream();
    const end = JSON.stringify(replay.replayed());
    if (short && end === this.#shortestEnd) {
      throw withFrames(
        () =>
          new OutputGapError(
            this.#processName,
            "the server's replay ends before what it had sent earlier",
            { stream: short.stream, fromByte: short.replayed, toByte: short.known },
          ),
      );
    }
    this.#shortestEnd = end;
  }
}
