import type { ConnectError } from "@connectrpc/connect";
import type { OutputSink, WrittenStream } from "../runner/runner.js";

/** How much output can be read. All figures belong to the same moment. */
export interface SpoolExtent {
  /** The position after the last chunk, to open a reader at; its unit is the spool's own. */
  readonly position: number;
  /** The number of chunks. */
  readonly frames: number;
  /** The bytes of standard output. */
  readonly stdoutBytes: number;
  /** The bytes of standard error. */
  readonly stderrBytes: number;
}

/** A piece of one chunk; a chunk may be read in several. */
export interface SpoolPiece {
  readonly stream: WrittenStream;
  /** Never empty. */
  readonly data: Uint8Array;
  /** Whether the chunk ends with this piece. */
  readonly endsFrame: boolean;
}

/** A cursor of its own over the output. */
export interface SpoolReader {
  /** Fetches a bounded block where none is left; false where there is no more to read now. */
  fill(): Promise<boolean>;
  /** The stream of the next piece of the block; undefined at the end of the block. */
  peek(): WrittenStream | undefined;
  /** The next piece, of at most `maxBytes`; undefined at the end of the block. */
  take(maxBytes: number): SpoolPiece | undefined;
  /** Releases what the reader holds. Can be called again. */
  close(): Promise<void>;
}

/** The captured output of one process: both streams, chunk by chunk, in the order received. */
export interface Spool extends OutputSink {
  /** What can be read now. It only ever grows. */
  readonly extent: SpoolExtent;
  /**
   * Why bytes of this stream were not captured, and none will be; undefined where none is missing,
   * and while something that was captured cannot be read yet.
   */
  shortfall(stream: WrittenStream): ConnectError | undefined;
  /** A reader from `from` on, up to `to` or, by default, to whatever there is when it reads. */
  openReader(from: number, to?: number): SpoolReader;
  /** Resolves once everything that was written can be read. Never rejects. Nothing is written later. */
  finish(): Promise<void>;
  /** Gives up the output, and closes every reader. */
  remove(): Promise<void>;
}

/** What a new spool is made with. */
export interface SpoolOptions {
  /** The file to keep the output in, if it is kept in a file. It does not exist yet. */
  path(): string;
  /** The most bytes of output to keep, both streams together. */
  readonly maxBytes: number;
  /** Called whenever `extent` has grown or there is a shortfall. */
  onReadable(): void;
}
