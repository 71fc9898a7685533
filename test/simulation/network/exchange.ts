import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalClientRequest } from "@connectrpc/connect/protocol";
import type { CallEntry } from "./call-log.js";

/** One request and what comes back, until either side is done with it. */
export class Exchange {
  readonly call: CallEntry;
  /** The request as the server gets it; its signal aborts when the exchange is over. */
  readonly request: UniversalClientRequest;
  readonly #server = new AbortController();
  readonly #broken: Promise<never>;
  readonly #onClose: (error: Error | undefined) => void;
  /** Called when no further byte will come. */
  onStall: () => void = () => undefined;
  /** What was wrong with its end; undefined before, and where it ended well. */
  error: Error | undefined;
  #reject: (error: Error) => void = () => undefined;
  #rejected = false;
  #closed = false;

  /** @param onClose called once, with what broke it. */
  constructor(
    request: UniversalClientRequest,
    call: CallEntry,
    onClose: (error: Error | undefined) => void,
  ) {
    this.call = call;
    this.request = { ...request, signal: this.#server.signal };
    this.#onClose = onClose;
    this.#broken = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.#broken.catch(() => undefined);
  }

  /** The promise's value, unless the exchange breaks before. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const value = await Promise.race([this.#broken, promise]);
    // It may have broken in the same moment, after the promise.
    if (this.#rejected) {
      return await this.#broken;
    }
    return value;
  }

  /** Waits for the end of the exchange, which is never a good one. */
  async never(): Promise<never> {
    this.onStall();
    return await this.#broken;
  }

  /** Breaks the exchange for both sides. */
  break(error: Error): void {
    if (this.drop(error)) {
      this.#rejected = true;
      this.#reject(error);
    }
  }

  /** Breaks the exchange for the server, while the client gets an answer that is no good. */
  drop(error: Error): boolean {
    return this.#close(error);
  }

  /** Ends the exchange since the client wants no more of it. */
  leave(reason: Error): void {
    this.call.left = true;
    this.break(reason);
  }

  /** Ends the exchange well. */
  end(): void {
    this.#close(undefined);
  }

  #close(error: Error | undefined): boolean {
    if (this.#closed) {
      return false;
    }
    this.#closed = true;
    this.error = error;
    this.#onClose(error);
    this.#server.abort(new ConnectError("the client is gone", Code.Canceled));
    return true;
  }
}
