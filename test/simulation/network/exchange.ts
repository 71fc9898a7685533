import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalClientRequest } from "@connectrpc/connect/protocol";
import type { CallEntry } from "./call-log.js";

/** One request and what comes back, until either side is done with it. */
export class Exchange {
  readonly call: CallEntry;
  /** The request as the server gets it; its signal aborts when the exchange breaks. */
  readonly request: UniversalClientRequest;
  readonly #server = new AbortController();
  readonly #client: AbortSignal | undefined;
  readonly #broken: Promise<never>;
  readonly #onClose: (exchange: Exchange, error: ConnectError | undefined) => void;
  #reject: (error: ConnectError) => void = () => undefined;
  #closed = false;

  /** @param onClose called once, with what broke it. */
  constructor(
    request: UniversalClientRequest,
    call: CallEntry,
    onClose: (exchange: Exchange, error: ConnectError | undefined) => void,
  ) {
    this.call = call;
    this.request = { ...request, signal: this.#server.signal };
    this.#onClose = onClose;
    this.#client = request.signal;
    this.#broken = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.#broken.catch(() => undefined);
    this.#client?.addEventListener("abort", this.#abort);
    if (this.#client?.aborted) {
      this.#abort();
    }
  }

  /** The promise's value, unless the exchange breaks before. */
  async until<T>(promise: Promise<T>): Promise<T> {
    return await Promise.race([this.#broken, promise]);
  }

  /** Waits for the end of the exchange, which is never a good one. */
  async never(): Promise<never> {
    return await this.#broken;
  }

  /** Breaks the exchange for both sides. */
  break(error: ConnectError): void {
    if (this.drop(error)) {
      this.#reject(error);
    }
  }

  /** Breaks the exchange for the server, while the client gets an answer that is no good. */
  drop(error: ConnectError): boolean {
    return this.#close(error);
  }

  /** Ends the exchange well. */
  end(): void {
    this.#close(undefined);
  }

  readonly #abort = () => {
    this.break(ConnectError.from(this.#client?.reason, Code.Canceled));
  };

  #close(error: ConnectError | undefined): boolean {
    if (this.#closed) {
      return false;
    }
    this.#closed = true;
    this.#client?.removeEventListener("abort", this.#abort);
    this.#onClose(this, error);
    this.#server.abort(new ConnectError("the client is gone", Code.Canceled));
    return true;
  }
}
