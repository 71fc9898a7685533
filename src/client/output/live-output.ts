import { InvalidInputError } from "../../errors/invalid-input-error.js";
import type { OutputChunk, OutputPosition } from "../../model/output.js";
import type { FinishedProcess } from "../../model/process.js";
import { checkStreamOptions } from "../../rules/methods.js";
import { requireProcessName } from "../../rules/names.js";
import type { Rpc } from "../rpc.js";
import { callScope } from "../unary.js";
import { Follow } from "./follow.js";
import { StreamCounter } from "./stream-counter.js";
import type { StreamOutputOptions } from "./stream-output-options.js";

/**
 * The output of a process as it is written. Read it once, with `for await`; leaving the loop, an
 * error in it, or disposing cancels the stream.
 */
export interface LiveOutput extends AsyncIterable<OutputChunk, void, undefined>, AsyncDisposable {
  /**
   * How much was handed over, up to and including the last chunk: what `resumeFrom` takes.
   * Undefined with `skipReplay`, where the beginning is not known.
   */
  readonly position: OutputPosition | undefined;
}

// Tells the end that `dispose` asked for from every other reason to stop.
const DISPOSED = Symbol("disposed");

/** See `ProcessClient.streamOutput`. */
export class OutputFollower implements LiveOutput {
  readonly #rpc: Rpc;
  readonly #name: string;
  readonly #options: StreamOutputOptions;
  readonly #disposed = new AbortController();
  // With skipReplay nothing is counted: the first byte's place in its stream is not known.
  readonly #counter: StreamCounter | undefined;
  #follow: Follow | undefined;
  #chunks: AsyncGenerator<OutputChunk, void, undefined> | undefined;

  constructor(rpc: Rpc, name: string, options: StreamOutputOptions) {
    this.#rpc = rpc;
    this.#name = name;
    this.#options = options;
    // Options that are none are refused by the first next(): nothing is thrown synchronously.
    this.#counter = options?.skipReplay ? undefined : new StreamCounter(options?.resumeFrom);
  }

  /** The process at the confirmed end of its output; undefined before. */
  get finished(): FinishedProcess | undefined {
    return this.#follow?.finished;
  }

  get position(): OutputPosition | undefined {
    return this.#counter?.position();
  }

  [Symbol.asyncIterator](): AsyncIterator<OutputChunk, void, undefined> {
    if (this.#chunks) {
      return alreadyRead();
    }
    this.#chunks = this.#read();
    return this.#chunks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort(DISPOSED);
    await this.#chunks?.return();
  }

  // The RPC is opened here, at the first next(): an output that nobody reads must not hold one.
  async *#read(): AsyncGenerator<OutputChunk, void, undefined> {
    requireProcessName("name", this.#name);
    checkStreamOptions(this.#options);
    const { signal, timeoutMs } = this.#options;
    const scope = callScope(this.#rpc, `following the output of ${this.#name}`, {
      signal,
      timeoutMs,
    });
    const undispose = () => scope.abort(DISPOSED);
    this.#disposed.signal.addEventListener("abort", undispose, { once: true });
    if (this.#disposed.signal.aborted) {
      scope.abort(DISPOSED);
    }
    try {
      scope.signal.throwIfAborted();
      this.#follow = new Follow(this.#rpc, this.#name, this.#options, this.#counter, scope);
      yield* this.#follow.chunks();
    } catch (error) {
      if (!scope.signal.aborted) {
        throw error;
      }
      if (scope.signal.reason !== DISPOSED) {
        throw scope.signal.reason;
      }
    } finally {
      this.#disposed.signal.removeEventListener("abort", undispose);
      scope.abort(DISPOSED);
    }
  }
}

function alreadyRead(): AsyncIterator<OutputChunk, void, undefined> {
  const error = new InvalidInputError("output", "can be read once: call streamOutput again");
  return { next: () => Promise.reject(error) };
}
