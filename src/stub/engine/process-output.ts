import { create } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import {
  type OutputFrame,
  OutputFrameSchema,
  OutputStream,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { joined } from "../../model/bytes.js";
import type { Changes } from "./changes.js";
import { invalidArgument, resourceExhausted } from "./refusals.js";
import type { WrittenStream } from "./runner/runner.js";
import type { Spool, SpoolExtent, SpoolPiece, SpoolReader } from "./spool/spool.js";

/** What the output has to know of its process. */
export interface OutputOwner {
  /** Announced when there is more output, and at each change of the two below. */
  readonly changes: Changes;
  /** Whether all output has been captured. */
  isFinal(): boolean;
  /** Why the process is no longer there, if it is not. */
  removal(): ConnectError | undefined;
}

/** How a follower reads. */
export interface FollowOptions {
  /** Whether to leave out what was captured before the call. */
  readonly skipReplay: boolean;
  /** Ends the reading; it rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** The output of one process, for its readers. */
export class ProcessOutput {
  readonly #spool: Spool;
  readonly #owner: OutputOwner;

  constructor(spool: Spool, owner: OutputOwner) {
    this.#spool = spool;
    this.#owner = owner;
  }

  /** What was captured so far of a stream; see EngineProcess. */
  read(stream: OutputStream, maxBytes: number): Promise<Uint8Array> {
    return this.#reading(stream, () => readCaptured(this.#spool, stream, maxBytes));
  }

  /** What was captured so far as frames; see EngineProcess. */
  readFrames(maxBytes: number): Promise<OutputFrame[]> {
    return this.#reading(OutputStream.COMBINED, () => readCapturedFrames(this.#spool, maxBytes));
  }

  /** The output from the first byte, or from what is captured now, to the last one. */
  follow({ skipReplay, signal }: FollowOptions): AsyncGenerator<OutputChunk> {
    return this.#follow(skipReplay ? this.#spool.extent.position : 0, signal);
  }

  async *#follow(from: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    const reader = this.#spool.openReader(from);
    const check = () => {
      signal.throwIfAborted();
      this.#throwIfRemoved();
    };
    try {
      for (;;) {
        check();
        // All before the look at the spool: what follows them is seen by the next round.
        const { version } = this.#owner.changes;
        const final = this.#owner.isFinal();
        const shortfall = this.#shortfall(OutputStream.COMBINED);
        if (await reader.fill()) {
          check();
          for (let chunk = takeJoined(reader); chunk; chunk = takeJoined(reader)) {
            yield chunk;
            check();
          }
        } else if (shortfall !== undefined) {
          // Not at the end only: a program that ignores SIGPIPE may run on for long.
          throw shortfall;
        } else if (final) {
          return;
        } else {
          await this.#owner.changes.after(version, signal);
        }
      }
    } catch (error) {
      // A removal closes the readers, so that it can surface as a failed read.
      this.#throwIfRemoved();
      throw error;
    } finally {
      await reader.close();
    }
  }

  async #reading<T>(stream: OutputStream, read: () => Promise<T>): Promise<T> {
    this.#throwIfRemoved();
    const shortfall = this.#owner.isFinal() ? this.#shortfall(stream) : undefined;
    if (shortfall !== undefined) {
      throw shortfall;
    }
    try {
      return await read();
    } catch (error) {
      this.#throwIfRemoved();
      throw error;
    }
  }

  #throwIfRemoved(): void {
    const removal = this.#owner.removal();
    if (removal !== undefined) {
      throw removal;
    }
  }

  #shortfall(stream: OutputStream): ConnectError | undefined {
    return streamsOf(stream)
      .map((written) => this.#spool.shortfall(written))
      .find((shortfall) => shortfall !== undefined);
  }
}

const READ_BYTES = 64 * 1024;
/** A frame costs memory besides its bytes: this many cost some hundred megabytes. */
const MAX_FRAMES = 1_000_000;

/**
 * What was captured so far of one stream, or of both.
 * @throws {ConnectError} RESOURCE_EXHAUSTED where it is larger than `maxBytes`, INVALID_ARGUMENT on
 * an unknown stream.
 */
export async function readCaptured(
  spool: Spool,
  stream: OutputStream,
  maxBytes: number,
): Promise<Uint8Array> {
  const wanted = streamsOf(stream);
  const { extent } = spool;
  const size =
    (wanted.includes(OutputStream.STDOUT) ? extent.stdoutBytes : 0) +
    (wanted.includes(OutputStream.STDERR) ? extent.stderrBytes : 0);
  if (size > maxBytes) {
    throw tooLarge(size, maxBytes);
  }
  const data = new Uint8Array(size);
  let offset = 0;
  if (size > 0) {
    for await (const piece of pieces(spool, extent)) {
      if (!wanted.includes(piece.stream)) {
        continue;
      }
      data.set(piece.data, offset);
      offset += piece.data.length;
    }
  }
  return data;
}

/**
 * What was captured so far, chunk by chunk, as each came from its pipe.
 * @throws {ConnectError} RESOURCE_EXHAUSTED where it is larger than `maxBytes`.
 */
export async function readCapturedFrames(spool: Spool, maxBytes: number): Promise<OutputFrame[]> {
  const { extent } = spool;
  const size = extent.stdoutBytes + extent.stderrBytes;
  if (size > maxBytes) {
    throw tooLarge(size, maxBytes);
  }
  if (extent.frames > MAX_FRAMES) {
    throw resourceExhausted(
      `the output has ${extent.frames} frames, more than the ${MAX_FRAMES} that one response can carry: use StreamOutput`,
    );
  }
  const frames: OutputFrame[] = [];
  let parts: Uint8Array[] = [];
  for await (const { stream, data, endsFrame } of pieces(spool, extent)) {
    parts.push(data);
    if (!endsFrame) {
      continue;
    }
    // A copy: a view would keep the whole block that it was read with.
    frames.push(create(OutputFrameSchema, { stream, data: joined(parts) }));
    parts = [];
  }
  return frames;
}

/** The streams that a value of the contract stands for; none given means standard output. */
function streamsOf(stream: OutputStream): readonly WrittenStream[] {
  switch (stream) {
    case OutputStream.UNSPECIFIED:
    case OutputStream.STDOUT:
      return [OutputStream.STDOUT];
    case OutputStream.STDERR:
      return [OutputStream.STDERR];
    case OutputStream.COMBINED:
      return [OutputStream.STDOUT, OutputStream.STDERR];
  }
  throw invalidArgument(`output_stream ${String(stream)} is not a stream of the contract`);
}

async function* pieces(spool: Spool, extent: SpoolExtent): AsyncGenerator<SpoolPiece> {
  const reader = spool.openReader(0, extent.position);
  try {
    while (await reader.fill()) {
      for (let piece = reader.take(READ_BYTES); piece; piece = reader.take(READ_BYTES)) {
        yield piece;
      }
    }
  } finally {
    await reader.close();
  }
}

function tooLarge(size: number, maxBytes: number): Error {
  return resourceExhausted(
    `the output has ${size} bytes, more than the ${maxBytes} that one response can carry: use StreamOutput`,
  );
}

const MAX_CHUNK_BYTES = 32 * 1024;

/** A chunk of output, of one stream. */
export interface OutputChunk {
  readonly stream: WrittenStream;
  /** Never empty. */
  readonly data: Uint8Array;
}

/**
 * The next chunk of the reader's block, adjacent pieces of one stream joined: a program that writes
 * byte by byte must not cost a message for each. Undefined at the end of the block.
 */
export function takeJoined(reader: SpoolReader): OutputChunk | undefined {
  const first = reader.take(MAX_CHUNK_BYTES);
  if (first === undefined) {
    return undefined;
  }
  const { stream } = first;
  const parts = [first.data];
  let length = first.data.length;
  while (length < MAX_CHUNK_BYTES && reader.peek() === stream) {
    const piece = reader.take(MAX_CHUNK_BYTES - length);
    if (piece === undefined) {
      break;
    }
    parts.push(piece.data);
    length += piece.data.length;
  }
  if (parts.length === 1) {
    return { stream, data: first.data };
  }
  return { stream, data: joined(parts) };
}
