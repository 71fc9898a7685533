import type { ConnectError } from "@connectrpc/connect";
import {
  type OutputFrame,
  OutputStream,
} from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { Changes } from "../changes.js";
import type { Spool } from "../spool/spool.js";
import { readCaptured, readCapturedFrames, streamsOf } from "./captured-output.js";
import { type OutputChunk, takeJoined } from "./joined-chunks.js";

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
        // Both before the look at the spool: what follows them is seen by the next round.
        const { version } = this.#owner.changes;
        const final = this.#owner.isFinal();
        if (await reader.fill()) {
          check();
          for (let chunk = takeJoined(reader); chunk; chunk = takeJoined(reader)) {
            yield chunk;
            check();
          }
        } else if (final) {
          this.#throwIfShort(OutputStream.COMBINED);
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
    if (this.#owner.isFinal()) this.#throwIfShort(stream);
    try {
      return await read();
    } catch (error) {
      this.#throwIfRemoved();
      throw error;
    }
  }

  #throwIfRemoved(): void {
    const removal = this.#owner.removal();
    if (removal !== undefined) throw removal;
  }

  #throwIfShort(stream: OutputStream): void {
    for (const written of streamsOf(stream)) {
      const shortfall = this.#spool.shortfall(written);
      if (shortfall !== undefined) throw shortfall;
    }
  }
}
