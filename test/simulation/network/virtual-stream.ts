import type { IncomingHttpHeaders } from "node:http2";
import { Code } from "@connectrpc/connect";
import type { UniversalClientResponse } from "@connectrpc/connect/protocol";
import type { Limit } from "../../../src/async/limit.js";
import type { Failure } from "../../../src/errors/outcome.js";
import type { Http2End, Http2Listener, Http2Stream } from "../../../src/transport/http2/http2.js";
import type { Random } from "../world/random.js";
import type { VirtualTime } from "../world/virtual-time.js";
import { Break } from "./break-shapes.js";
import type { CallLog } from "./call-log.js";
import type { Exchange } from "./exchange.js";
import { ENDED, endsConnection, http2End } from "./http2-end.js";
import type { Network } from "./network.js";
import type { VirtualConnection } from "./virtual-connection.js";

/** What a stream is a part of. */
export interface StreamWorld {
  readonly network: Network;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly log: CallLog;
}

const LEFT_THE_LINE: Failure = {
  kind: "local",
  code: Code.Canceled,
  message: "the call ended before there was a connection",
};

/** One request of the virtual HTTP/2, and what its listener is told. */
export class VirtualStream implements Http2Stream {
  readonly #exchange: Exchange;
  readonly #listener: Http2Listener;
  readonly #world: StreamWorld;
  readonly #onOver: () => void;
  // How many bytes the server may send ahead of what the client has taken.
  readonly #windowBytes: number;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  // The next delivery is under way: what arrives until then comes with it.
  #delivering = false;
  #trailers: IncomingHttpHeaders | undefined;
  #end: Http2End | undefined;
  #error: Error | undefined;
  #over = false;
  #wake: () => void = () => undefined;
  /** What carries it; undefined while it waits. */
  connection: VirtualConnection | undefined;
  #leaveConnection: () => void = () => undefined;
  #leaveLine: () => void = () => undefined;

  /** @param onOver called once, when the listener is told nothing any more. */
  constructor(
    exchange: Exchange,
    listener: Http2Listener,
    world: StreamWorld & { readonly windowBytes: number },
    onOver: () => void,
  ) {
    this.#exchange = exchange;
    this.#listener = listener;
    this.#world = world;
    this.#windowBytes = world.windowBytes;
    this.#onOver = onOver;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (this.#paused) {
      this.#paused = false;
      // As in Node.js, not before whoever called has gone on.
      queueMicrotask(() => this.#deliver());
    }
  }

  write(): void {
    throw new Error("a request of the simulation has one message");
  }

  cancel(): void {
    if (!this.#over) {
      this.#finish(this.#isAnswered ? undefined : new Error("the client cancels it"));
      this.#exchange.leave(new Error("the client cancels it"));
    }
  }

  /** The connection under it has ended, and what came over it is lost. */
  lose(why: Break): void {
    if (!this.#over) {
      this.#queue.length = 0;
      this.#trailers = undefined;
      this.#setEnd(http2End(why, this.#exchange.call.fate.kind), why);
      this.#exchange.break(why);
      queueMicrotask(() => this.#deliver());
    }
  }

  /** Waits for a connection, as long as the limit lasts. */
  standInLine(limit: Limit): void {
    this.#leaveLine = limit.onEnd(() =>
      this.refuse({ failure: LEFT_THE_LINE }, new Error(LEFT_THE_LINE.message)),
    );
  }

  /** Is put on a connection. */
  sent(connection: VirtualConnection): void {
    this.#leaveLine();
    this.connection = connection;
    this.#leaveConnection = connection.carry(this);
    this.#listener.sent(connection);
  }

  /** Ends it before it was sent anywhere, or with the whole client. */
  refuse(end: Http2End, why: Error): void {
    if (!this.#over) {
      this.#setEnd(end, why);
      this.#exchange.leave(why);
      this.#queue.length = 0;
      queueMicrotask(() => this.#deliver());
    }
  }

  /**
   * Carries the request to the server and its answer back.
   *
   * @param connect puts it on a connection, where it is on none yet.
   */
  async run(connect: () => void = () => undefined): Promise<void> {
    const { network, random } = this.#world;
    try {
      const answer = await network.respond(this.#exchange, () => {
        connect();
        return !this.#isStalled;
      });
      if (this.#isStalled) {
        return;
      }
      // A server may wait with its headers: those of an error are all in one then.
      const waits = random.chance(0.5);
      let told = false;
      if (!waits) {
        told = this.#tellHeaders(answer);
      }
      for await (const chunk of answer.body) {
        told ||= this.#tellHeaders(answer);
        if (!this.#isStalled) {
          this.#arrived(chunk);
        }
        await this.#exchange.until(this.#room());
        if (this.#isEnding) {
          return;
        }
      }
      this.#complete(answer, told);
    } catch (error) {
      if (error instanceof Break) {
        this.#break(error);
      } else if (!this.#isEnding) {
        throw error;
      }
    }
  }

  get #isEnding(): boolean {
    return this.#over || this.#end !== undefined;
  }

  /** Whether the listener has got all of an answer but the word that this was all. */
  get #isAnswered(): boolean {
    const isTold = this.#queue.length === 0 && this.#trailers === undefined;
    return this.#end !== undefined && this.#error === undefined && isTold;
  }

  get #isStalled(): boolean {
    return this.connection?.isStalled ?? false;
  }

  #tellHeaders({ status, header }: UniversalClientResponse, trailer?: Headers): true {
    if (!this.#isEnding && !this.#isStalled) {
      this.#listener.headers(Object.assign(asNodeHeaders(header, trailer), { ":status": status }));
    }
    return true;
  }

  #arrived(chunk: Uint8Array): void {
    const { random, time } = this.#world;
    if (this.#isEnding || chunk.length === 0) {
      return;
    }
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#delivering) {
      return;
    }
    if (random.chance(0.3)) {
      this.#delivering = true;
      time.schedule(random.int(0, 5), () => {
        this.#delivering = false;
        this.#deliver();
      });
    } else {
      this.#deliver();
    }
  }

  #complete(answer: UniversalClientResponse, told: boolean): void {
    if (this.#isEnding || this.#isStalled) {
      return;
    }
    const { trailer } = answer;
    if (!told) {
      this.#tellHeaders(answer, trailer);
    } else if (!trailer.keys().next().done) {
      this.#trailers = asNodeHeaders(trailer);
    }
    this.#setEnd(ENDED, this.#exchange.error);
    if (!this.#delivering) {
      this.#deliver();
    }
  }

  #break(why: Break): void {
    const { fate } = this.#exchange.call;
    if (endsConnection(why)) {
      this.connection?.lose(why);
    } else if (why.shape === "ERR_HTTP2_GOAWAY_SESSION") {
      this.connection?.retire();
    }
    if (this.#isEnding || this.#isStalled) {
      return;
    }
    // What was not read yet may as well never have arrived.
    if (this.#world.random.chance(0.5)) {
      this.#queue.length = 0;
    }
    // A server that stops meanwhile cannot be connected to: nothing was sent.
    const shown = this.connection || why.isRefusal ? why : new Break("ECONNREFUSED");
    this.#setEnd(http2End(shown, fate.kind), shown);
    this.#deliver();
    if (why.shape === "ERR_HTTP2_INVALID_SESSION") {
      this.connection?.lose(new Break("connection lost"));
    }
  }

  #setEnd(end: Http2End, error: Error | undefined): void {
    this.#end = end;
    this.#error = error;
    this.#wake();
  }

  /** Hands on what is there, as far as the client takes it. */
  #deliver(): void {
    const { random } = this.#world;
    while (this.#queue.length > 0 && !this.#paused && !this.#over) {
      const count = random.chance(0.5) ? this.#queue.length : 1;
      const chunk = Buffer.concat(this.#queue.splice(0, count));
      this.#queuedBytes -= chunk.length;
      this.#listener.data(chunk);
    }
    if (this.#queue.length > 0 || this.#over) {
      return;
    }
    this.#wake();
    if (this.#trailers) {
      const trailers = this.#trailers;
      this.#trailers = undefined;
      this.#listener.trailers(trailers);
    }
    if (this.#end && !this.#over) {
      this.#finish(this.#error);
      this.#listener.closed(this.#end);
    }
  }

  /** Waits until the server may send on. */
  async #room(): Promise<void> {
    while (!this.#isEnding && this.#isFull) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get #isFull(): boolean {
    return this.#queuedBytes > this.#windowBytes || (this.#paused && this.#windowBytes === 0);
  }

  #finish(error: Error | undefined): void {
    this.#over = true;
    this.#queue.length = 0;
    this.#leaveLine();
    this.#leaveConnection();
    this.#onOver();
    this.#world.log.end(this.#exchange.call, error);
    this.#wake();
  }
}

function asNodeHeaders(...all: readonly (Headers | undefined)[]): IncomingHttpHeaders {
  const found: IncomingHttpHeaders = Object.create(null);
  for (const headers of all) {
    headers?.forEach((value, name) => {
      found[name] = value;
    });
  }
  return found;
}
