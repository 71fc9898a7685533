import { crc32 } from "node:zlib";
import type { OutputPosition, ProcessStream, StreamPosition } from "../../model/output.js";

interface Count {
  bytes: number;
  crc32: number;
}

/** Counts the bytes of both streams, and keeps a running CRC-32 of each. */
export class StreamCounter {
  readonly #counts: Readonly<Record<ProcessStream, Count>>;

  /** @param from where to go on counting; by default, at the first byte. */
  constructor(from?: OutputPosition) {
    this.#counts = {
      OUTPUT_STREAM_STDOUT: { bytes: 0, crc32: 0, ...from?.stdout },
      OUTPUT_STREAM_STDERR: { bytes: 0, crc32: 0, ...from?.stderr },
    };
  }

  /** How much of a stream was counted. */
  of(stream: ProcessStream): StreamPosition {
    return this.#counts[stream];
  }

  /** Counts bytes. */
  add(stream: ProcessStream, data: Uint8Array): void {
    const count = this.#counts[stream];
    count.bytes += data.length;
    count.crc32 = crc32(data, count.crc32);
  }

  /** The counts as they are now. */
  position(): OutputPosition {
    return {
      stdout: { ...this.#counts.OUTPUT_STREAM_STDOUT },
      stderr: { ...this.#counts.OUTPUT_STREAM_STDERR },
    };
  }
}
