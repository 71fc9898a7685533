import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  type StreamOutputRequest,
  StreamOutputResponseSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { WrittenStream } from "../../../src/stub/engine/runner/runner.js";
import type { Fate } from "../network/fates.js";
import type { Random } from "../world/random.js";

type Chunk = MessageInitShape<typeof StreamOutputResponseSchema>;
type ByStream<T> = Record<WrittenStream, T>;

const STREAMS = [OutputStream.STDOUT, OutputStream.STDERR] as const;

/** What the changes depend on. */
export interface OutputChangesOptions {
  readonly random: Random;
  /** How many bytes of a stream the engine has. */
  captured(stream: WrittenStream): number;
  /** How many bytes of a stream the client has handed over. */
  known(stream: WrittenStream): number;
  /** Told when a replay differs from what was sent before. */
  onRewritten(stream: WrittenStream): void;
}

/** What a server may do to its output: only the order within each stream is sure. */
export class OutputChanges {
  /** How many bytes of each stream the last call without replay left out. */
  readonly leftOut: ByStream<number> = { 1: 0, 2: 0 };
  readonly #options: OutputChangesOptions;

  constructor(options: OutputChangesOptions) {
    this.#options = options;
  }

  /** The output in other chunks, the replay interleaved in another way, and the past as fated. */
  async *change(
    source: AsyncIterable<Chunk>,
    { skipReplay }: StreamOutputRequest,
    fate: Fate,
  ): AsyncGenerator<Chunk> {
    const { random, captured } = this.#options;
    const past: ByStream<Uint8Array> = { 1: new Uint8Array(), 2: new Uint8Array() };
    let left = 0;
    for (const stream of STREAMS) {
      if (skipReplay) {
        this.leftOut[stream] = captured(stream);
      } else {
        left += captured(stream);
      }
    }
    for await (const chunk of source) {
      const { stream, data } = create(StreamOutputResponseSchema, chunk);
      if (left > 0 && isWritten(stream)) {
        past[stream] = Buffer.concat([past[stream], data]);
        left -= data.length;
        if (left <= 0) {
          this.#rewrite(past, fate);
          yield* this.#interleaved(past);
        }
      } else {
        yield* this.#interleaved({ 1: new Uint8Array(), 2: new Uint8Array(), [stream]: data });
      }
      if (random.chance(0.1)) {
        yield { stream, data: new Uint8Array() };
      }
    }
  }

  *#interleaved(left: ByStream<Uint8Array>): Generator<Chunk> {
    const { random } = this.#options;
    const largest = random.pick([5, 100, 1_000, 60_000]);
    for (let count = 0; ; count += 1) {
      const [first, ...others] = STREAMS.filter((stream) => left[stream].length > 0);
      if (first === undefined) {
        return;
      }
      const stream = random.pick([first, ...others]);
      const size = count < 20 ? random.int(1, largest) : left[stream].length;
      yield { stream, data: new Uint8Array(left[stream].subarray(0, size)) };
      left[stream] = left[stream].subarray(size);
    }
  }

  #rewrite(past: ByStream<Uint8Array>, { kind }: Fate): void {
    const { random, known, onRewritten } = this.#options;
    const [first, ...others] = STREAMS.filter((stream) => known(stream) > 0);
    if ((kind !== "lost past" && kind !== "changed past") || first === undefined) {
      return;
    }
    const stream = random.pick([first, ...others]);
    const bytes = Uint8Array.from(past[stream]);
    const at = random.int(0, known(stream) - 1);
    if (kind === "changed past") {
      bytes[at] = ((bytes[at] ?? 0) + random.int(1, 255)) % 256;
      past[stream] = bytes;
    } else {
      const to = Math.min(known(stream), at + random.int(1, 20));
      past[stream] = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    }
    onRewritten(stream);
  }
}

function isWritten(stream: OutputStream): stream is WrittenStream {
  return stream === OutputStream.STDOUT || stream === OutputStream.STDERR;
}
