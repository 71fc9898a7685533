import type { Socket } from "node:net";

/** How a connection is cut: an orderly end of TCP, or a reset. */
export type Cut = "FIN" | "RST";

/** What happens to one connection. */
export interface ConnectionScript {
  /** Cut the connection when this many bytes of the server were forwarded. */
  readonly cutAfterBytes?: number;
  /** @default "FIN" */
  readonly how?: Cut;
  /** Reset the connection at once, before anything is forwarded. */
  readonly refuse?: boolean;
  /** Let this many bytes of the server pass, and then nothing any more, either way. */
  readonly stallAfterBytes?: number;
  /** How much later everything arrives, each way, in milliseconds. */
  readonly delayMs?: number;
}

/** One connection through a proxy: two sockets, and what passes between them. */
export class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #script: ConnectionScript;
  #forwarded = 0;
  #state: "open" | "stalled" | "cut" = "open";

  constructor(client: Socket, upstream: Socket, script: ConnectionScript) {
    this.#client = client;
    this.#upstream = upstream;
    this.#script = script;
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => this.#serverLeft("RST"));
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => this.#serverLeft("FIN"));
    if (script.refuse) {
      this.cut("RST");
      return;
    }
    client.on("data", (chunk) => this.#pass(client, upstream, chunk));
    upstream.on("data", (chunk) => this.#fromServer(chunk));
    client.on("end", () => this.#later(() => upstream.end()));
    upstream.on("end", () => this.#later(() => this.#serverLeft("FIN")));
  }

  /** How many bytes of the server were forwarded. */
  get forwarded(): number {
    return this.#forwarded;
  }

  /** Ends the client's connection after what was forwarded, and the server's at once. */
  cut(how: Cut): void {
    if (this.#state === "cut") {
      return;
    }
    this.#state = "cut";
    this.#upstream.destroy();
    if (how === "FIN") {
      // What the client still sends is thrown away, so that its own end is seen.
      this.#client.resume();
      this.#client.end();
    } else {
      // Not before what was forwarded is written out.
      this.#client.write("", () => this.#client.resetAndDestroy());
    }
  }

  /** Lets nothing pass any more, and closes nothing. */
  stall(): void {
    this.#state = "stalled";
    this.#client.pause();
    this.#upstream.pause();
  }

  destroy(): void {
    this.#state = "cut";
    this.#client.destroy();
    this.#upstream.destroy();
  }

  // A stalled connection does not tell the client that the server is gone.
  #serverLeft(how: Cut): void {
    if (this.#state === "open") {
      this.cut(how);
    }
  }

  #fromServer(chunk: Buffer): void {
    const { cutAfterBytes, stallAfterBytes, how = "FIN" } = this.#script;
    const limit = cutAfterBytes ?? stallAfterBytes ?? Number.POSITIVE_INFINITY;
    const part = chunk.subarray(0, Math.max(0, limit - this.#forwarded));
    this.#forwarded += part.length;
    this.#pass(this.#upstream, this.#client, part);
    if (this.#forwarded < limit) {
      return;
    }
    if (cutAfterBytes === undefined) {
      this.stall();
    } else {
      this.#later(() => this.cut(how));
    }
  }

  #pass(from: Socket, to: Socket, chunk: Buffer): void {
    this.#later(() => {
      if (this.#state === "open" && !to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
  }

  #later(run: () => void): void {
    const { delayMs } = this.#script;
    if (delayMs === undefined) {
      run();
    } else {
      setTimeout(() => this.#state === "open" && run(), delayMs);
    }
  }
}
