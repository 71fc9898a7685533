import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import type {
  AttemptMessage,
  CallMessage,
  ConnectionMessage,
  ResumeMessage,
  RetryMessage,
  TracedMessage,
} from "../../src/index.js";

/** What was published, in order. */
export type Told = {
  readonly on: "call" | "attempt";
  readonly event: "start" | "end" | "error" | "asyncStart" | "asyncEnd";
  readonly message: TracedMessage;
};

/** What was told on each channel, until it is disposed. */
export class Heard implements Disposable {
  readonly told: Told[] = [];
  readonly calls: CallMessage[] = [];
  readonly attempts: AttemptMessage[] = [];
  readonly retries: RetryMessage[] = [];
  readonly resumes: ResumeMessage[] = [];
  readonly connections: ConnectionMessage[] = [];
  readonly #stops: (() => void)[] = [];

  /** @param only the tracing channels to listen to. */
  constructor(only: readonly Told["on"][] = ["call", "attempt"]) {
    if (only.includes("call")) {
      this.#trace("call", this.calls);
    }
    if (only.includes("attempt")) {
      this.#trace("attempt", this.attempts);
    }
    this.#listen("retry", this.retries);
    this.#listen("resume", this.resumes);
    this.#listen("connection", this.connections);
  }

  /** The events of one message, in order. */
  eventsOf(message: TracedMessage): string[] {
    return this.told.filter((one) => one.message === message).map(({ event }) => event);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) {
      stop();
    }
  }

  #trace<M extends TracedMessage>(on: Told["on"], started: M[]): void {
    const channel = tracingChannel<unknown, M>(`aiem-process-client:${on}`);
    const note = (event: Told["event"]) => (message: M) => {
      this.told.push({ on, event, message });
      if (event === "start") {
        started.push(message);
      }
    };
    const subscribers = {
      start: note("start"),
      end: note("end"),
      error: note("error"),
      asyncStart: note("asyncStart"),
      asyncEnd: note("asyncEnd"),
    };
    channel.subscribe(subscribers);
    this.#stops.push(() => channel.unsubscribe(subscribers));
  }

  #listen<M>(name: string, heard: M[]): void {
    // What is published on a channel of ours has the type that its name promises.
    const note = (message: unknown) => heard.push(message as M);
    subscribe(`aiem-process-client:${name}`, note);
    this.#stops.push(() => unsubscribe(`aiem-process-client:${name}`, note));
  }
}
