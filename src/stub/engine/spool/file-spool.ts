import { type FileHandle, open, rm } from "node:fs/promises";
import type { ConnectError } from "@connectrpc/connect";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { joined } from "../../../model/bytes.js";
import { reasonOf, resourceExhausted } from "../refusals.js";
import type { WrittenStream } from "../runner/runner.js";
import { encodeFrameHeader, FileSpoolReader, FRAME_HEADER_BYTES } from "./file-spool-reader.js";
import type { Spool, SpoolExtent, SpoolOptions, SpoolReader } from "./spool.js";

/** What may wait for the disk before the pipes are not read on. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** What a chunk costs besides its bytes: without it, many tiny ones would hold much memory. */
const CHUNK_COST_BYTES = 256;

const NOTHING = new Uint8Array(0);

interface PendingChunk {
  readonly stream: WrittenStream;
  readonly data: Uint8Array;
}

/**
 * What was written last is kept up to this size until more is written, so that the followers that
 * keep up, however many, do not read each write back from the file.
 */
const MAX_TAIL_BYTES = 128 * 1024;
/** What one process may keep in memory, frame headers included, before it gets a file. */
const MAX_SMALL_BYTES = 4 * 1024;
/** What all processes may keep in memory together: those that come later get a file at once. */
const MAX_ALL_SMALL_BYTES = 4 * 1024 * 1024;

/**
 * The room in memory for small outputs. Most processes say little, and a file for each costs more
 * than all the rest of their output's way; but there is no limit to how many processes there are.
 */
export class SmallOutputs {
  #bytes = 0;

  /** Whether an output may grow by this and stay in memory; then it counts. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > MAX_ALL_SMALL_BYTES) {
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  /** An output was given up, or moved to a file. */
  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * Output in memory while it is small, then in an append-only file with the same bytes. Holds no
 * index of it.
 */
export class FileSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #smallOutputs: SmallOutputs;
  readonly #readers = new Set<FileSpoolReader>();
  readonly #shortfalls = new Map<WrittenStream, ConnectError>();
  #extent: SpoolExtent = { position: 0, frames: 0, stdoutBytes: 0, stderrBytes: 0 };
  #accepted = 0;
  #pending: PendingChunk[] = [];
  #pendingCost = 0;
  #blocked: ((goOn: boolean) => void)[] = [];
  /** Why nothing is taken any more. */
  #closed: ConnectError | undefined;
  /** All that was captured, while there is no file. Replaced, never changed: readers hold on to it. */
  #small: Uint8Array | undefined = NOTHING;
  /** The end of the file; none once it is complete. Replaced, never changed, too. */
  #tail: { readonly position: number; readonly data: Uint8Array } | undefined;
  #path: string | undefined;
  #file: FileHandle | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: SpoolOptions, smallOutputs: SmallOutputs) {
    this.#options = options;
    this.#smallOutputs = smallOutputs;
  }

  get extent(): SpoolExtent {
    return this.#extent;
  }

  shortfall(stream: WrittenStream): ConnectError | undefined {
    // What was taken before comes first.
    return this.#writing === undefined ? this.#shortfalls.get(stream) : undefined;
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
      this.#lose(stream, this.#closed);
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
      held: (start, end) => this.#held(start, end),
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
    this.#tail = undefined;
    // Every write was confirmed before: a failed close loses nothing.
    await file?.close().catch(() => {});
  }

  async remove(): Promise<void> {
    this.#closed ??= resourceExhausted("the output was given up");
    await this.finish();
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    this.#dropSmall();
    if (this.#path !== undefined) {
      await rm(this.#path, { force: true });
    }
  }

  #enqueue(stream: WrittenStream, data: Uint8Array): void {
    this.#accepted += data.length;
    // While a write is under way, what is in memory is being moved to the file.
    if (this.#writing === undefined && this.#keepSmall({ stream, data })) {
      return;
    }
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
    if (this.#shortfalls.size > 0) {
      this.#options.onReadable();
    }
  }

  #lose(stream: WrittenStream, why: ConnectError): void {
    if (!this.#shortfalls.has(stream)) {
      this.#shortfalls.set(stream, why);
      this.#options.onReadable();
    }
  }

  /** Keeps a chunk in memory; false where it belongs into a file. */
  #keepSmall(chunk: PendingChunk): boolean {
    const small = this.#small;
    const bytes = FRAME_HEADER_BYTES + chunk.data.length;
    if (
      small === undefined ||
      small.length + bytes > MAX_SMALL_BYTES ||
      !this.#smallOutputs.take(bytes)
    ) {
      return false;
    }
    const { parts, extent } = encodeFrames([chunk], this.#extent);
    this.#small = joined([small, ...parts]);
    this.#extent = extent;
    this.#options.onReadable();
    return true;
  }

  async #append(batch: readonly PendingChunk[]): Promise<void> {
    this.#path ??= this.#options.path();
    this.#file ??= await open(this.#path, "wx", 0o600);
    const { parts, extent } = encodeFrames(batch, this.#extent);
    const small = this.#small;
    const position = small === undefined ? this.#extent.position : 0;
    const toWrite = small === undefined ? parts : [small, ...parts];
    const length = extent.position - position;
    const tail = length <= MAX_TAIL_BYTES ? joined(toWrite) : undefined;
    await writeFully(this.#file, tail === undefined ? toWrite : [tail], position);
    this.#dropSmall();
    this.#tail = tail && { position, data: tail };
    this.#extent = extent;
  }

  /** The bytes between two positions, as far as they are in memory from the first one on. */
  #held(start: number, end: number): Uint8Array | undefined {
    if (this.#small !== undefined) {
      return this.#small.subarray(start, end);
    }
    const tail = this.#tail;
    return tail !== undefined && start >= tail.position
      ? tail.data.subarray(start - tail.position, end - tail.position)
      : undefined;
  }

  #dropSmall(): void {
    this.#smallOutputs.giveBack(this.#small?.length ?? 0);
    this.#small = undefined;
  }

  /** The disk refuses: what was captured stays readable, and readers are told what is missing. */
  #giveUp(lost: readonly PendingChunk[], error: unknown): void {
    this.#closed = resourceExhausted(
      `the engine could not store the output: ${reasonOf(error)}; what came afterwards was not captured`,
      error,
    );
    for (const { stream } of lost) {
      this.#lose(stream, this.#closed);
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

/** The bytes of chunks in a spool, and what there is with them. */
function encodeFrames(
  chunks: readonly PendingChunk[],
  before: SpoolExtent,
): { parts: Uint8Array[]; extent: SpoolExtent } {
  let { position, frames, stdoutBytes, stderrBytes } = before;
  const parts: Uint8Array[] = [];
  for (const { stream, data } of chunks) {
    parts.push(encodeFrameHeader(stream, data.length), data);
    position += FRAME_HEADER_BYTES + data.length;
    frames += 1;
    if (stream === OutputStream.STDOUT) {
      stdoutBytes += data.length;
    } else {
      stderrBytes += data.length;
    }
  }
  return { parts, extent: { position, frames, stdoutBytes, stderrBytes } };
}

/** Writes all of `parts` one after the other from `position` on, however little a write takes. */
async function writeFully(
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
