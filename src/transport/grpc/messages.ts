import { Code } from "@connectrpc/connect";
import type { Failure } from "../../errors/outcome.js";

/** The five bytes before each message: a flag of compression and the length. */
export const PREFIX_BYTES = 5;

/** Takes the bytes of an answer's DATA as they arrive, wherever they are cut. */
export interface MessageReader {
  /** Returns what ends the call; undefined while all is well. */
  push(chunk: Uint8Array): Failure | undefined;
  /** Whether the bytes so far end in the middle of a message. */
  readonly isMidMessage: boolean;
}

/** A message with its prefix, as one DATA frame carries it. */
export function envelope(message: Uint8Array): Uint8Array {
  const body = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  body[0] = 0;
  body.writeUInt32BE(message.length, 1);
  body.set(message, PREFIX_BYTES);
  return body;
}

/** Refuses a prefix: a compressed message, or one that is too large. */
export function checkPrefix(
  flags: number,
  length: number,
  readMaxBytes: number,
): Failure | undefined {
  if (flags !== 0) {
    const message = `the server sent a compressed message (flags ${flags}), which was not asked for`;
    return { kind: "unreadable", code: Code.Internal, message };
  }
  return length > readMaxBytes ? tooLarge(length, readMaxBytes) : undefined;
}

/** The failure of a message that is larger than it may be. */
function tooLarge(length: number, readMaxBytes: number): Failure {
  const message = `message size ${length} is larger than configured readMaxBytes ${readMaxBytes}; stream the output, or raise readMaxBytes`;
  return { kind: "unreadable", code: Code.ResourceExhausted, message };
}

/** Gathers whole messages. */
export class WholeMessages implements MessageReader {
  readonly #readMaxBytes: number;
  readonly #onMessage: (message: Uint8Array<ArrayBuffer>) => void;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #prefixBytes = 0;
  #message: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @param onMessage gets each message; its bytes are nobody else's. */
  constructor(readMaxBytes: number, onMessage: (message: Uint8Array<ArrayBuffer>) => void) {
    this.#readMaxBytes = readMaxBytes;
    this.#onMessage = onMessage;
  }

  get isMidMessage(): boolean {
    return this.#prefixBytes > 0;
  }

  push(chunk: Uint8Array): Failure | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (!this.#message) {
        const missing = PREFIX_BYTES - this.#prefixBytes;
        const part = chunk.subarray(at, at + missing);
        this.#prefix.set(part, this.#prefixBytes);
        this.#prefixBytes += part.length;
        at += part.length;
        if (this.#prefixBytes < PREFIX_BYTES) {
          return undefined;
        }
        const length = readUint32(this.#prefix, 1);
        const failure = checkPrefix(this.#prefix[0] ?? 0, length, this.#readMaxBytes);
        if (failure) {
          return failure;
        }
        this.#message = new Uint8Array(length);
        this.#filled = 0;
      }
      const part = chunk.subarray(at, at + this.#message.length - this.#filled);
      this.#message.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#message.length) {
        const message = this.#message;
        this.#message = undefined;
        this.#prefixBytes = 0;
        this.#onMessage(message);
      }
    }
    return undefined;
  }
}

/** A number of four bytes, the most significant one first. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x1000000 +
    (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  );
}
