import { type FileHandle, open, rm } from "node:fs/promises";
import type { ConnectError } from "@connectrpc/connect";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { reasonOf, resourceExhausted } from "../refusals.js";
import type { WrittenStream } from "../runner/runner.js";
import { encodeFrameHeader, FileSpoolReader, FRAME_HEADER_BYTES } from "./file-spool-reader.js";
import type { Spool, SpoolExtent, SpoolOptions, SpoolReader } from "./spool.js";

/** What may wait for the disk before the pipes are not read on. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** What a chunk costs besides its bytes: without it, many tiny ones would hold much memory. */
const CHUNK_COST_BYTES = 256;

interface PendingChunk {
  readonly stream: WrittenStream;
  readonly data: Uint8Array;
}

/** Output in an append-only file, which is made with the first byte. Holds no index of it. */
export class FileSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #readers = new Set<FileSpoolReader>();
  readonly #shortfalls = new Map<WrittenStream, ConnectError>();
  #extent: SpoolExtent = { position: 0, frames: 0, stdoutBytes: 0, stderrBytes: 0 };
  #accepted = 0;
  #pending: PendingChunk[] = [];
  #pendingCost = 0;
  #blocked: ((goOn: boolean) => void)[] = [];
  /** Why nothing is taken any more. */
  #closed: ConnectError | undefined;
  #path: string | undefined;
  #file: FileHandle | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  get extent(): SpoolExtent {
    return this.#extent;
  }

  shortfall(stream: WrittenStream): ConnectError | undefined {
    return this.#shortfalls.get(stream);
  }

  write(stream: WrittenStream, data: Uint8Array): true | Promise<boolean> {
    if (data.length === 0) {
      return true;
    }
    if (this.#closed === undefined && this.#accepted + data.length > this.#options.maxBytes) {
      const room = this.#options.maxBytes - this.#accepted;
      if (room > 0) {
        this.#enqueue(stream, data.subarray(0, room));
      }
      this.#closed = resourceExhausted(
        `the output is larger than the engine's limit of ${this.#options.maxBytes} bytes (maxSpoolBytes); what came after them was not captured`,
      );
    }
    if (this.#closed !== undefined) {
      this.#shortfalls.set(stream, this.#closed);
      return Promise.resolve(false);
    }
    this.#enqueue(stream, data);
    if (this.#pendingCost < MAX_PENDING_BYTES) {
      return true;
    }
    return new Promise((resolve) => this.#blocked.push(resolve));
  }

  openReader(from: number, to?: number): SpoolReader {
    const reader = new FileSpoolReader({
      from,
      path: () => this.#path,
      end: () => Math.min(to ?? Number.POSITIVE_INFINITY, this.#extent.position),
      onClose: () => this.#readers.delete(reader),
    });
    this.#readers.add(reader);
    return reader;
  }

  async finish(): Promise<void> {
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    // Every write was confirmed before: a failed close loses nothing.
    await file?.close().catch(() => {});
  }

  async remove(): Promise<void> {
    this.#closed ??= resourceExhausted("the output was given up");
    await this.finish();
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    if (this.#path !== undefined) {
      await rm(this.#path, { force: true });
    }
  }

  #enqueue(stream: WrittenStream, data: Uint8Array): void {
    this.#accepted += data.length;
    this.#pending.push({ stream, data });
    this.#pendingCost += data.length + CHUNK_COST_BYTES;
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#append(batch);
      } catch (error) {
        this.#giveUp([...batch, ...this.#pending], error);
        break;
      }
      for (const { data } of batch) {
        this.#pendingCost -= data.length + CHUNK_COST_BYTES;
      }
      this.#options.onReadable();
      if (this.#pendingCost < MAX_PENDING_BYTES) {
        this.#release(true);
      }
    }
    // In the same turn as the last look at what is pending: a chunk written later starts anew.
    this.#writing = undefined;
  }

  async #append(batch: readonly PendingChunk[]): Promise<void> {
    this.#path ??= this.#options.path();
    this.#file ??= await open(this.#path, "wx", 0o600);
    let { position, frames, stdoutBytes, stderrBytes } = this.#extent;
    const start = position;
    const parts: Uint8Array[] = [];
    for (const { stream, data } of batch) {
      parts.push(encodeFrameHeader(stream, data.length), data);
      position += FRAME_HEADER_BYTES + data.length;
      frames += 1;
      if (stream === OutputStream.STDOUT) {
        stdoutBytes += data.length;
      } else {
        stderrBytes += data.length;
      }
    }
    await writeFully(this.#file, parts, start);
    this.#extent = { position, frames, stdoutBytes, stderrBytes };
  }

  /** The disk refuses: what was captured stays readable, and readers are told what is missing. */
  #giveUp(lost: readonly PendingChunk[], error: unknown): void {
    this.#closed = resourceExhausted(
      `the engine could not store the output: ${reasonOf(error)}; what came afterwards was not captured`,
      error,
    );
    for (const { stream } of lost) {
      this.#shortfalls.set(stream, this.#closed);
    }
    this.#pending = [];
    this.#pendingCost = 0;
    this.#release(false);
  }

  #release(goOn: boolean): void {
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const resolve of blocked) {
      resolve(goOn);
    }
  }
}

/** Writes all of `parts` one after the other from `position` on, however little a write takes. */
export async function writeFully(
  file: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let left = [...parts];
  let at = position;
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, at);
    at += bytesWritten;
    left = dropBytes(left, bytesWritten);
  }
}

function dropBytes(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let toDrop = count;
  const left: Uint8Array[] = [];
  for (const part of parts) {
    if (toDrop < part.length) {
      left.push(part.subarray(toDrop));
    }
    toDrop = Math.max(0, toDrop - part.length);
  }
  return left;
}
