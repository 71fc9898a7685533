import type { Socket } from "node:net";
import { FailureThrown } from "../../errors/outcome.js";
import type { ServerAddress } from "../aiem-url.js";
import { cannotConnect, connectFailure } from "../failures.js";

/** What a connection is made with. */
export interface PendingConnectionOptions<T> {
  readonly address: ServerAddress;
  readonly connectTimeoutMs: number;
  /** Makes the connection, until it can carry requests. */
  connect(signal: AbortSignal, onSocket: (socket: Socket) => void): Promise<T>;
}

/** A connection in the making, with a limit of time. */
export class PendingConnection<T> {
  /** The connection; rejects with a FailureThrown that says why there is none. */
  readonly result: Promise<T>;
  readonly #controller = new AbortController();
  readonly #sockets = new Set<Socket>();
  #wanted = true;

  constructor(options: PendingConnectionOptions<T>) {
    this.result = this.#run(options);
  }

  /** Whether somebody waits for the connection. It keeps the program alive only then. */
  set wanted(wanted: boolean) {
    if (wanted !== this.#wanted) {
      this.#wanted = wanted;
      this.#refer();
    }
  }

  /** Gives up; `result` rejects with `reason`. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  async #run({ address, connectTimeoutMs, connect }: PendingConnectionOptions<T>): Promise<T> {
    const { signal } = this.#controller;
    const expire = () => this.abort(this.#timeout(address, connectTimeoutMs));
    const stopClock = startPatientClock(connectTimeoutMs, expire);
    try {
      return await connect(signal, (socket) => {
        this.#sockets.add(socket);
        this.#refer();
      });
    } catch (error) {
      if (error instanceof FailureThrown) {
        throw error;
      }
      throw signal.aborted ? signal.reason : new FailureThrown(connectFailure(error, address));
    } finally {
      stopClock();
    }
  }

  #refer(): void {
    for (const socket of this.#sockets) {
      if (this.#wanted) {
        socket.ref();
      } else {
        socket.unref();
      }
    }
  }

  #timeout(address: ServerAddress, connectTimeoutMs: number): FailureThrown {
    const connected = [...this.#sockets].some(
      ({ connecting, destroyed }) => !connecting && !destroyed,
    );
    const text = connected
      ? "the server accepted the connection and then did not answer; check that it speaks what is asked for: the scheme of aiemUrl, protocol, httpVersion"
      : "the server did not accept the connection; check the address and firewalls";
    const late = `not within ${connectTimeoutMs} ms: ${text}`;
    return new FailureThrown(cannotConnect({ text: late }, address));
  }
}

const TICKS = 10;
// How late a timer is on a busy machine; one that is later was held up by a pause of this process.
const USUAL_DELAY_MS = 500;

/**
 * Calls `expire` after `ms`. A pause of this process, because its event loop is blocked or it is
 * stopped, is not the server's silence: what arrived meanwhile is read first, since the last tick
 * before the end must have come in time.
 *
 * @returns a function that stops it.
 */
function startPatientClock(ms: number, expire: () => void): () => void {
  const tickMs = ms / TICKS;
  let ticks = 0;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const began = performance.now();
    const tick = () => {
      ticks += 1;
      const isLate = performance.now() - began > tickMs + USUAL_DELAY_MS;
      if (ticks >= TICKS && (!isLate || ticks >= 2 * TICKS)) {
        expire();
      } else {
        arm();
      }
    };
    // An open socket or a name being looked up keeps the program alive where that is wanted.
    timer = setTimeout(tick, tickMs).unref();
  };
  arm();
  return () => clearTimeout(timer);
}
