import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Random } from "../world/random.js";
import type { VirtualTime } from "../world/virtual-time.js";
import { Break, type BreakShape } from "./break-shapes.js";
import type { CallLog } from "./call-log.js";
import type { Exchange } from "./exchange.js";
import { pieces } from "./responses.js";

/** The body of a stream's answer on its way to the client, and its trailer at the end. */
export class StreamBody {
  readonly trailer = new Headers();
  readonly #exchange: Exchange;
  readonly #response: UniversalServerResponse;
  readonly #world: { readonly time: VirtualTime; readonly random: Random; readonly log: CallLog };

  constructor(
    exchange: Exchange,
    response: UniversalServerResponse,
    world: { readonly time: VirtualTime; readonly random: Random; readonly log: CallLog },
  ) {
    this.#exchange = exchange;
    this.#response = response;
    this.#world = world;
  }

  /** The bytes, as far as they come. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    const { log, random, time } = this.#world;
    const { call } = this.#exchange;
    let left = "afterBytes" in call.fate ? call.fate.afterBytes : Number.POSITIVE_INFINITY;
    try {
      for await (const chunk of this.#chunks()) {
        for (const piece of pieces(random, chunk)) {
          if (left > 0) {
            log.hear(call);
            yield piece.subarray(0, left);
            left -= piece.length;
          }
          if (left <= 0) {
            await this.#stop();
            return;
          }
        }
        if (random.chance(0.3)) {
          await this.#exchange.until(time.sleep(random.int(0, 200)));
        }
      }
    } catch (error) {
      if (error instanceof Error) {
        this.#exchange.break(error);
      }
      throw error;
    }
  }

  /** The server's chunks; asks for the next one only when the client does. */
  async *#chunks(): AsyncGenerator<Uint8Array> {
    const { body = [], trailer } = this.#response;
    if (!isByteStream(body)) {
      return;
    }
    const chunks = body[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#beforeIdleCut(chunks.next());
      if (next === "cut" || next.done) {
        if (next !== "cut") {
          trailer?.forEach((value, key) => {
            this.trailer.append(key, value);
          });
          this.#exchange.end();
        }
        return;
      }
      yield next.value;
    }
  }

  /** What a middlebox does that waits only so long for a byte. */
  async #beforeIdleCut<T>(next: Promise<T>): Promise<T | "cut"> {
    next.catch(() => undefined);
    const { fate } = this.#exchange.call;
    if (fate.kind !== "idle cut") {
      return await this.#exchange.until(next);
    }
    let cancel: () => void = () => undefined;
    const idle = new Promise<"cut">((resolve) => {
      cancel = this.#world.time.schedule(fate.idleMs, () => resolve("cut"));
    });
    try {
      const first = await this.#exchange.until(Promise.race([next, idle]));
      if (first === "cut") {
        this.#break(fate.shape);
      }
      return first;
    } finally {
      cancel();
    }
  }

  async #stop(): Promise<void> {
    const { fate } = this.#exchange.call;
    if (fate.kind === "cut") {
      this.#break(fate.shape);
    } else {
      await this.#exchange.never();
    }
  }

  #break(shape: BreakShape): void {
    if (shape === "no end") {
      this.#exchange.drop(new Error("ended without its end"));
    } else {
      throw new Break(shape);
    }
  }
}

function isByteStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
