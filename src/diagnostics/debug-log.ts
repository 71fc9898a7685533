import { subscribe, tracingChannel } from "node:diagnostics_channel";
import { debuglog } from "node:util";
import { CHANNELS } from "./channels.js";
import type {
  AttemptMessage,
  ConnectionMessage,
  ResumeMessage,
  RetryMessage,
  ServerInfo,
} from "./messages.js";

const log = debuglog("aiem");
// Bun (1.4) does not tell whether it would print.
const isOn = log.enabled ?? /(^|,)\s*aiem\s*(,|$)/i.test(process.env["NODE_DEBUG"] ?? "");

/**
 * Prints a line on standard error with `NODE_DEBUG=aiem`. Never to hold a token, or a value of an
 * environment.
 */
export function debug(line: () => string): void {
  if (isOn) {
    log("%s", line());
  }
}

// What is told on the channels is printed by a listener like any other.
if (isOn) {
  listen();
}

function listen(): void {
  const began = new WeakMap<AttemptMessage, number>();
  const { start, asyncEnd } = tracingChannel<unknown, AttemptMessage>(CHANNELS.attempt);
  on<AttemptMessage>(start, (message) => {
    began.set(message, performance.now());
    return `${subject(message)} begins, over ${message.server.protocol} to ${place(message.server)}`;
  });
  on<AttemptMessage>(asyncEnd, (message) => {
    const tookMs = performance.now() - (began.get(message) ?? performance.now());
    return `${subject(message)} ${endOf(message)} after ${tookMs.toFixed(1)} ms`;
  });
  on<RetryMessage>(CHANNELS.retry, ({ method, resource, failures, delayMs }) => {
    return `${method} of ${resource}: another attempt in ${delayMs.toFixed(0)} ms (failures in a row: ${failures})`;
  });
  on<ResumeMessage>(CHANNELS.resume, ({ resource, replayedBytes }) => {
    return `the output of ${resource} goes on, after ${replayedBytes} bytes that were sent again`;
  });
  on<ConnectionMessage>(CHANNELS.connection, (message) => {
    const { event, id, httpVersion, durationMs, error } = message;
    const what = event === "closed" ? "closed, open for" : `${event} after`;
    const why = error === undefined ? "" : `: ${textOf(error)}`;
    return `connection ${id}, HTTP/${httpVersion} to ${place(message)}: ${what} ${durationMs.toFixed(1)} ms${why}`;
  });
}

function on<M>(
  channel: string | { subscribe(listener: (message: unknown) => void): void },
  line: (message: M) => string,
): void {
  // A name of ours promises the type.
  const listener = (message: unknown) => debug(() => line(message as M));
  if (typeof channel === "string") {
    subscribe(channel, listener);
  } else {
    channel.subscribe(listener);
  }
}

function subject({ number, method, resource }: AttemptMessage): string {
  return `attempt ${number} of ${method} of ${resource}`;
}

function endOf({ error, cancelled }: AttemptMessage): string {
  if (cancelled) {
    return "was cancelled";
  }
  return error === undefined ? "succeeded" : `failed (${textOf(error)})`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : "not an error";
}

function place({ address, port }: Pick<ServerInfo, "address" | "port">): string {
  return address === undefined ? "a Transport" : `${address}:${port}`;
}
