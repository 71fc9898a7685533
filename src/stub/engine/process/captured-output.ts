import { create } from "@bufbuild/protobuf";
import {
  type OutputFrame,
  OutputFrameSchema,
  OutputStream,
} from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { invalidArgument, resourceExhausted } from "../refusals.js";
import type { WrittenStream } from "../runner/runner.js";
import type { Spool, SpoolExtent, SpoolPiece } from "../spool/spool.js";

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
  if (size > maxBytes) throw tooLarge(size, maxBytes);
  const data = new Uint8Array(size);
  let offset = 0;
  if (size > 0) {
    for await (const piece of pieces(spool, extent)) {
      if (!wanted.includes(piece.stream)) continue;
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
  if (size > maxBytes) throw tooLarge(size, maxBytes);
  if (extent.frames > MAX_FRAMES) {
    throw resourceExhausted(
      `the output has ${extent.frames} frames, more than the ${MAX_FRAMES} that one response can carry: use StreamOutput`,
    );
  }
  const frames: OutputFrame[] = [];
  let parts: Uint8Array[] = [];
  for await (const { stream, data, endsFrame } of pieces(spool, extent)) {
    parts.push(data);
    if (!endsFrame) continue;
    // A copy: a view would keep the whole block that it was read with.
    frames.push(create(OutputFrameSchema, { stream, data: new Uint8Array(Buffer.concat(parts)) }));
    parts = [];
  }
  return frames;
}

/** The streams that a value of the contract stands for; none given means standard output. */
export function streamsOf(stream: OutputStream): readonly WrittenStream[] {
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
      for (let piece = reader.take(READ_BYTES); piece; piece = reader.take(READ_BYTES)) yield piece;
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
