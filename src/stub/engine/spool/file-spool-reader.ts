import { existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { dataLoss, systemErrorCode } from "../refusals.js";
import type { WrittenStream } from "../runner/runner.js";
import type { SpoolPiece, SpoolReader } from "./spool.js";

const BLOCK_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

/** What a reader needs to know of its file. */
export interface FileSpoolReaderOptions {
  /** Where to begin: the position of a header. */
  readonly from: number;
  /** The bytes between two positions, where they are in memory. */
  held(start: number, end: number): Uint8Array | undefined;
  /** The file; undefined while there is none. */
  path(): string | undefined;
  /** The position after the last chunk to read. */
  end(): number;
  onClose(): void;
}

/** A cursor over a spool file, with a file handle of its own and one block in memory. */
export class FileSpoolReader implements SpoolReader {
  readonly #options: FileSpoolReaderOptions;
  #file: Promise<FileHandle> | undefined;
  #closed = false;
  /** Where the next block begins. */
  #position: number;
  #block: Uint8Array = NOTHING;
  #offset = 0;
  #stream: WrittenStream | undefined;
  #leftInFrame = 0;

  constructor(options: FileSpoolReaderOptions) {
    this.#options = options;
    this.#position = options.from;
  }

  async fill(): Promise<boolean> {
    if (this.peek() !== undefined) {
      return true;
    }
    const end = this.#options.end();
    if (end <= this.#position) {
      return false;
    }
    if (this.#closed) {
      throw new Error("the reader is closed");
    }
    this.#block = this.#options.held(this.#position, end) ?? (await this.#read(end));
    this.#offset = 0;
    this.#position += this.#block.length;
    // A block that holds nothing but the header of a chunk: the data is in the next one.
    return this.peek() !== undefined || this.fill();
  }

  async #read(end: number): Promise<Uint8Array> {
    const path = this.#options.path();
    if (path === undefined) {
      throw new Error("the output has no file");
    }
    this.#file ??= openSpool(path);
    const file = await this.#file;
    const block = new Uint8Array(Math.min(BLOCK_BYTES, end - this.#position));
    const { bytesRead } = await file.read(block, 0, block.length, this.#position);
    if (bytesRead === 0) {
      throw new Error(`${path} ends before byte ${this.#position}`);
    }
    return block.subarray(0, bytesRead);
  }

  peek(): WrittenStream | undefined {
    if (this.#leftInFrame === 0 && !this.#enterFrame()) {
      return undefined;
    }
    if (this.#offset < this.#block.length) {
      return this.#stream;
    }
    this.#block = NOTHING;
    this.#offset = 0;
    return undefined;
  }

  take(maxBytes: number): SpoolPiece | undefined {
    const stream = this.peek();
    if (stream === undefined) {
      return undefined;
    }
    const end = Math.min(this.#offset + Math.min(this.#leftInFrame, maxBytes), this.#block.length);
    const data = this.#block.subarray(this.#offset, end);
    this.#offset = end;
    this.#leftInFrame -= data.length;
    return { stream, data, endsFrame: this.#leftInFrame === 0 };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#options.onClose();
    const opening = this.#file;
    this.#file = undefined;
    this.#block = NOTHING;
    const file = await opening?.catch(() => undefined);
    await file?.close();
  }

  /** Reads a header; where the block ends inside of it, the next block begins with it. */
  #enterFrame(): boolean {
    const left = this.#block.length - this.#offset;
    if (left < FRAME_HEADER_BYTES) {
      this.#position -= left;
      this.#block = NOTHING;
      this.#offset = 0;
      return false;
    }
    const { stream, length } = decodeFrameHeader(this.#block, this.#offset);
    this.#offset += FRAME_HEADER_BYTES;
    this.#stream = stream;
    this.#leftInFrame = length;
    return true;
  }
}

/** @throws {ConnectError} DATA_LOSS where the file is no longer there. */
async function openSpool(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") {
      throw error;
    }
    // Programs that clean a directory for temporary files up do not know who still uses it.
    const directory = dirname(path);
    const lost = existsSync(directory) ? `the file ${path}` : `the directory ${directory}`;
    throw dataLoss(`the output is lost: ${lost} was removed while the engine used it`, error);
  }
}

/** The bytes before each chunk of a spool file: its stream (1) and its length (4, big-endian). */
export const FRAME_HEADER_BYTES = 5;

/** The header of a chunk of `length` bytes. */
export function encodeFrameHeader(stream: WrittenStream, length: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  header[0] = stream;
  new DataView(header.buffer).setUint32(1, length);
  return header;
}

/** The header that begins at `offset`. */
function decodeFrameHeader(
  block: Uint8Array,
  offset: number,
): { stream: WrittenStream; length: number } {
  const view = new DataView(block.buffer, block.byteOffset + offset, FRAME_HEADER_BYTES);
  const stream =
    view.getUint8(0) === OutputStream.STDERR ? OutputStream.STDERR : OutputStream.STDOUT;
  return { stream, length: view.getUint32(1) };
}
