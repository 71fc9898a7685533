import type { ConnectError } from "@connectrpc/connect";
import { OutputStream } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { WrittenStream } from "../../src/stub/engine/runner/runner.js";
import type {
  Spool,
  SpoolExtent,
  SpoolPiece,
  SpoolReader,
} from "../../src/stub/engine/spool/spool.js";

interface Frame {
  readonly stream: WrittenStream;
  readonly data: Uint8Array;
}

/** Captured output in memory, which knows how many readers it has. */
export class MemorySpool implements Spool {
  extent: SpoolExtent = { position: 0, frames: 0, stdoutBytes: 0, stderrBytes: 0 };
  readonly #frames: Frame[] = [];
  readonly #readers = new Set<SpoolReader>();
  readonly #onReadable: () => void;
  #removed = false;

  constructor(onReadable: () => void) {
    this.#onReadable = onReadable;
  }

  /** How many readers are open. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Whether it was given up. */
  get removed(): boolean {
    return this.#removed;
  }

  write(stream: WrittenStream, data: Uint8Array): true {
    this.#frames.push({ stream, data });
    const { position, stdoutBytes, stderrBytes } = this.extent;
    const isStdout = stream === OutputStream.STDOUT;
    this.extent = {
      position: position + 1,
      frames: position + 1,
      stdoutBytes: stdoutBytes + (isStdout ? data.length : 0),
      stderrBytes: stderrBytes + (isStdout ? 0 : data.length),
    };
    this.#onReadable();
    return true;
  }

  shortfall(): ConnectError | undefined {
    return undefined;
  }

  openReader(from: number, to = Number.POSITIVE_INFINITY): SpoolReader {
    let at = from;
    let offset = 0;
    const frame = () => (at < to ? this.#frames[at] : undefined);
    const reader: SpoolReader = {
      fill: async () => frame() !== undefined,
      peek: () => frame()?.stream,
      take: (maxBytes): SpoolPiece | undefined => {
        const current = frame();
        if (!current) {
          return undefined;
        }
        const data = current.data.subarray(offset, offset + maxBytes);
        offset += data.length;
        const endsFrame = offset === current.data.length;
        if (endsFrame) {
          at += 1;
          offset = 0;
        }
        return { stream: current.stream, data, endsFrame };
      },
      close: async () => {
        this.#readers.delete(reader);
      },
    };
    this.#readers.add(reader);
    return reader;
  }

  async finish(): Promise<void> {}

  async remove(): Promise<void> {
    this.#removed = true;
  }
}
