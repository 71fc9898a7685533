import type {
  UniversalClientRequest,
  UniversalClientResponse,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import type { Random } from "../world/random.js";
import type { VirtualTime } from "../world/virtual-time.js";
import { Break, type BreakShape, isUnreachable } from "./break-shapes.js";
import type { CallLog } from "./call-log.js";
import { Exchange } from "./exchange.js";
import type { Fate } from "./fates.js";
import { brokenResponse, pieces, proxyResponse, readBody, response } from "./responses.js";
import { StreamBody } from "./stream-body.js";

/** The header that tells the server which call of the log this is. */
export const CALL_HEADER = "simulated-call";

/** What a network is made of. */
export interface NetworkOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly log: CallLog;
  /** The server. */
  serve(request: UniversalClientRequest): Promise<UniversalServerResponse>;
  /** Draws what happens to a call. */
  drawFate(method: string): Fate;
}

/** Carries HTTP requests to a server in memory, as badly as it is told to. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #open = new Set<Exchange>();
  /** How often the server stopped. */
  restarts = 0;
  #down = false;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Breaks all connections, and refuses new ones for a while. */
  restart(downMs: number, shape: "fin" | "reset"): void {
    const { log, time } = this.#options;
    log.note(`the server stops for ${downMs} ms`);
    this.restarts += 1;
    this.#down = true;
    time.schedule(downMs, () => {
      this.#down = false;
    });
    for (const exchange of [...this.#open]) {
      exchange.break(new Break(shape));
    }
  }

  /**
   * Begins an exchange, whose fate is drawn.
   *
   * @param onClose called once, when the server has nothing to do with it any more; with what broke it.
   */
  open(
    request: UniversalClientRequest,
    onClose: (error: Error | undefined) => void = () => undefined,
  ): Exchange {
    const { log, drawFate } = this.#options;
    const method = new URL(request.url).pathname.split("/").at(-1) ?? "";
    const call = log.begin(method, drawFate(method));
    const header = new Headers(request.header);
    header.set(CALL_HEADER, `${call.id}`);
    const exchange = new Exchange({ ...request, header }, call, (error) => {
      this.#open.delete(exchange);
      onClose(error);
    });
    this.#open.add(exchange);
    return exchange;
  }

  /**
   * Brings the request to the server, and back what comes of it. Both this and the reading of the
   * body throw a `Break` where that breaks.
   *
   * @param reaches called when the request is on a connection; whether it gets to the server.
   */
  async respond(
    exchange: Exchange,
    reaches: () => boolean = () => true,
  ): Promise<UniversalClientResponse> {
    try {
      return await this.#respond(exchange, reaches);
    } catch (error) {
      if (error instanceof Error) {
        exchange.break(error);
      }
      throw error;
    }
  }

  async #respond(exchange: Exchange, reaches: () => boolean): Promise<UniversalClientResponse> {
    const { time, random } = this.#options;
    const { call, request } = exchange;
    const { fate } = call;
    await exchange.until(time.sleep(random.int(0, 30)));
    if (this.#down) {
      throw new Break("ECONNREFUSED");
    }
    if (fate.kind === "refused" && isUnreachable(fate.shape)) {
      throw new Break(fate.shape);
    }
    if (!reaches()) {
      return await exchange.never();
    }
    switch (fate.kind) {
      case "refused":
        throw new Break(fate.shape);
      case "lost before":
        return this.#lost(exchange, fate.shape);
      case "late":
        time.schedule(fate.afterMs, () => void this.#serveLate(request));
        return this.#lost(exchange, fate.shape);
      case "stalled before":
        return await exchange.never();
      case "proxy before":
        return this.#whole(exchange, proxyResponse(fate.answer));
      default:
        return await this.#answer(exchange);
    }
  }

  async #answer(exchange: Exchange): Promise<UniversalClientResponse> {
    const { time, random, log, serve } = this.#options;
    const { call, request } = exchange;
    const served = await exchange.until(serve(request));
    const { status, header = new Headers(), trailer = new Headers() } = served;
    const isStream = call.method === "StreamOutput";
    // A unary handler runs when its answer is read.
    const body = isStream ? [] : pieces(random, await exchange.until(readBody(served.body)));
    const delayMs = call.fate.kind === "slow" ? call.fate.delayMs : random.int(0, 30);
    await exchange.until(time.sleep(delayMs));
    switch (call.fate.kind) {
      case "lost after":
        return this.#lost(exchange, call.fate.shape);
      case "proxy after":
        return this.#whole(exchange, proxyResponse(call.fate.answer));
      case "stalled after":
        return await exchange.never();
    }
    if (isStream) {
      const delivery = new StreamBody(exchange, served, { time, random, log });
      return { status, header, body: delivery.bytes(), trailer: delivery.trailer };
    }
    log.hear(call);
    return this.#whole(exchange, response(status, header, body, trailer));
  }

  /** The server gets to a request when nobody waits for its answer any more. */
  async #serveLate(request: UniversalClientRequest): Promise<void> {
    this.#options.log.note(`#${request.header.get(CALL_HEADER)} arrives late`);
    const { body } = await this.#options.serve({
      ...request,
      signal: new AbortController().signal,
    });
    await readBody(body);
  }

  #lost(exchange: Exchange, shape: BreakShape): UniversalClientResponse {
    const broken = brokenResponse(exchange.request, shape);
    exchange.drop(new Error("answered without an end"));
    return broken;
  }

  #whole(exchange: Exchange, answer: UniversalClientResponse): UniversalClientResponse {
    exchange.end();
    return answer;
  }
}
