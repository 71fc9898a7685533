import type { ServingState } from "../service/serving-state.js";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "./http-server.js";

/** What a server that can be restarted is made of. */
export interface RestartableServerOptions extends HttpServerOptions {
  /** Told before the server stops, so that calls on open connections can tell that, and when it listens. */
  readonly state?: ServingState | undefined;
}

/** A server that can be stopped and started again on the port that it got at first. */
export class RestartableServer {
  /** The port. */
  readonly port: number;
  readonly #options: RestartableServerOptions;
  #running: HttpServer | undefined;
  #closed = false;
  #last: Promise<void> = Promise.resolve();

  private constructor(running: HttpServer, options: RestartableServerOptions) {
    this.port = running.port;
    this.#running = running;
    this.#options = options;
  }

  /**
   * Starts a server on this port; 0 is one that is free.
   *
   * @throws Error where the port cannot be listened to (EADDRINUSE, EACCES).
   */
  static async start(port: number, options: RestartableServerOptions): Promise<RestartableServer> {
    return new RestartableServer(await startHttpServer(port, options), options);
  }

  /** Ends the listener and all connections, if there are any. */
  stop(): Promise<void> {
    return this.stopAllBut(undefined);
  }

  /** The same, but for the connection that comes from this port. */
  stopAllBut(remotePort: number | undefined): Promise<void> {
    return this.#enqueue(async () => {
      this.#options.state?.set(false);
      await this.#running?.stopAllBut(remotePort);
      this.#running = undefined;
    });
  }

  /**
   * Listens again, unless it does already.
   *
   * @throws Error after close(), and where the port cannot be listened to.
   */
  listen(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#closed) {
        throw new Error(`the server on port ${this.port} is closed: start another one`);
      }
      this.#running ??= await startHttpServer(this.port, this.#options);
      this.#options.state?.set(true);
    });
  }

  /** Stops for good. */
  close(): Promise<void> {
    this.#closed = true;
    return this.stop();
  }

  // One after the other: a stop() that overtook a listen() would leave a listener behind.
  #enqueue(operation: () => Promise<void>): Promise<void> {
    const result = this.#last.then(operation);
    this.#last = result.catch(() => {});
    return result;
  }
}
