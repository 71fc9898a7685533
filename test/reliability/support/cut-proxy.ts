import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { type ConnectionScript, type Cut, Link } from "./proxy-link.js";

/** Connections in the order in which they came, from 0; undefined is one that is left alone. */
export type ProxyScript = (nth: number) => ConnectionScript | undefined;

/**
 * A TCP proxy on loopback that breaks connections as a network does. It knows nothing of what it
 * carries.
 */
export class CutProxy implements AsyncDisposable {
  /** The port that it forwards to; connections from now on use it. */
  target: number;
  /** What happens to connections from now on. */
  script: ProxyScript = () => undefined;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #connections = 0;

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
      const script = this.script(this.#connections) ?? {};
      this.#connections += 1;
      const upstream = connect({ port: this.target, host: "127.0.0.1", noDelay: true });
      const link = new Link(client, upstream, script);
      this.#links.add(link);
      client.once("close", () => this.#links.delete(link));
    });
  }

  /** Starts a proxy before a port of 127.0.0.1. */
  static async start(target: number): Promise<CutProxy> {
    const proxy = new CutProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") {
      throw new Error("the proxy does not listen");
    }
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** How many connections came since the last `restart`. */
  get connections(): number {
    return this.#connections;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#links.size;
  }

  /** How many bytes of the server were forwarded on the connections that are open. */
  get bytesFromServer(): number {
    return [...this.#links].reduce((sum, link) => sum + link.forwarded, 0);
  }

  /** Counts connections from 0 again, which follow another script. */
  restart(script: ProxyScript): void {
    this.#connections = 0;
    this.script = script;
  }

  /** Cuts the connections that are open. */
  cutAll(how: Cut): void {
    for (const link of this.#links) {
      link.cut(how);
    }
  }

  /** Lets nothing pass any more on the connections that are open, and closes nothing. */
  stallAll(): void {
    for (const link of this.#links) {
      link.stall();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const link of this.#links) {
      link.destroy();
    }
    await closed;
  }
}
