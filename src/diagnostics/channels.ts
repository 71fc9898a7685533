import { AsyncResource } from "node:async_hooks";
import {
  type Channel,
  channel,
  type TracingChannel,
  type TracingChannelCollection,
  tracingChannel,
} from "node:diagnostics_channel";
import type {
  Around,
  AttemptMessage,
  CallMessage,
  ConnectionMessage,
  HttpRoute,
  ResumeMessage,
  RetryMessage,
  ServerInfo,
  TracedMessage,
} from "./messages.js";

/** The names of the channels. */
export const CHANNELS = {
  call: "aiem-process-client:call",
  attempt: "aiem-process-client:attempt",
  retry: "aiem-process-client:retry",
  resume: "aiem-process-client:resume",
  connection: "aiem-process-client:connection",
} as const;

const calls: TracingChannel<unknown, CallMessage> = tracingChannel(CHANNELS.call);
const attempts: TracingChannel<unknown, AttemptMessage> = tracingChannel(CHANNELS.attempt);
const retries = channel(CHANNELS.retry);
const resumes = channel(CHANNELS.resume);
const connections = channel(CHANNELS.connection);

// What a tracing channel's own getter does, which Bun (1.4) has not.
function isHeard(on: TracingChannelCollection): boolean {
  return (
    on.start.hasSubscribers ||
    on.end.hasSubscribers ||
    on.asyncStart.hasSubscribers ||
    on.asyncEnd.hasSubscribers ||
    on.error.hasSubscribers
  );
}

/** An RPC, as far as it is told. */
interface Rpc {
  readonly name: string;
  readonly parent: { readonly typeName: string };
}

function fullName({ name, parent }: Rpc): string {
  return `${parent.typeName}/${name}`;
}

/**
 * A call or an attempt that somebody listens to. It is published as `tracePromise` does it: `start`
 * and `end` around the beginning, `error` if it fails, `asyncStart` and `asyncEnd` at its end. By
 * hand, since a call that is read in a loop has no promise.
 */
export class Trace<M extends TracedMessage> {
  readonly message: M;
  readonly #channel: TracingChannel<unknown, M>;
  // Where a call goes on that is read in a loop: each `next()` comes from somewhere.
  #context: AsyncResource | undefined;
  #isOver = false;

  constructor(on: TracingChannel<unknown, M>, message: M) {
    this.#channel = on;
    this.message = message;
  }

  /** Publishes the beginning, and runs it in its context. */
  start<T>(begin: () => T): T {
    const { message } = this;
    return this.#channel.start.runStores(message, () =>
      within(message.around, () => {
        try {
          return begin();
        } finally {
          this.#channel.end.publish(message);
        }
      }),
    );
  }

  /** Runs a part of what goes on in parts, in the context of its beginning. */
  part<T>(run: () => T): T {
    if (this.#context) {
      return this.#context.runInAsyncScope(run);
    }
    return this.start(() => {
      this.#context = new AsyncResource("AiemCall");
      return run();
    });
  }

  /** Publishes the end; without effect after the first. */
  end(error?: unknown, isCancelled = false): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    const { message } = this;
    message.cancelled = isCancelled;
    if (error !== undefined) {
      message.error = error;
      this.#channel.error.publish(message);
    }
    this.#channel.asyncStart.publish(message);
    this.#channel.asyncEnd.publish(message);
  }
}

function within<T>(around: readonly Around[], run: () => T): T {
  const inner = around.reduce<() => T>((next, one) => () => one(next), run);
  return inner();
}

/** What a call is told to be. */
export interface CallSubject {
  readonly rpc: Rpc;
  readonly resource: string;
  readonly server: ServerInfo;
  /** How the RPC is mapped to HTTP. */
  route(): HttpRoute;
}

/** A call of one RPC; undefined where nobody listens to calls or to attempts, which tell of theirs. */
export function traceCall(subject: () => CallSubject): Trace<CallMessage> | undefined {
  if (!isHeard(calls) && !isHeard(attempts)) {
    return undefined;
  }
  const { rpc, resource, server, route } = subject();
  return new Trace(calls, {
    method: rpc.name,
    rpcMethod: fullName(rpc),
    resource,
    server,
    route: route(),
    around: [],
    attempts: 0,
  });
}

/** Runs a method that consists of several calls, in its own context where somebody listens. */
export async function traceMethod<T>(
  method: string,
  resource: string,
  server: ServerInfo,
  run: () => Promise<T>,
  isCancelled: () => boolean,
): Promise<T> {
  if (!isHeard(calls)) {
    return await run();
  }
  const trace = new Trace<CallMessage>(calls, {
    method,
    rpcMethod: undefined,
    resource,
    server,
    route: undefined,
    around: [],
    attempts: 0,
  });
  try {
    const value = await trace.start(run);
    trace.end();
    return value;
  } catch (error) {
    const wasCancelled = isCancelled();
    trace.end(wasCancelled ? undefined : error, wasCancelled);
    throw error;
  }
}

/** An attempt; undefined where nobody listens. */
export function traceAttempt(
  rpc: Rpc,
  resource: string,
  server: ServerInfo,
  call: CallMessage | undefined,
): Trace<AttemptMessage> | undefined {
  if (call) {
    call.attempts += 1;
  }
  if (!isHeard(attempts)) {
    return undefined;
  }
  return new Trace(attempts, {
    method: rpc.name,
    rpcMethod: fullName(rpc),
    resource,
    server,
    call,
    number: call?.attempts ?? 1,
    headers: new Headers(),
    around: [],
  });
}

/** The headers of an attempt: the caller's, and those of subscribers that the caller does not set. */
export function withHeadersOf(
  { message }: Trace<AttemptMessage>,
  caller: HeadersInit | undefined,
): HeadersInit | undefined {
  const all = new Headers(caller);
  let isSame = true;
  message.headers.forEach((value, name) => {
    if (!all.has(name)) {
      isSame = false;
      all.set(name, value);
    }
  });
  return isSame ? caller : all;
}

/** Tells of a failed attempt that another one follows. Made only where somebody listens. */
export function publishRetry(
  rpc: Rpc,
  message: () => Omit<RetryMessage, "method" | "rpcMethod">,
): void {
  publish(retries, () => ({ method: rpc.name, rpcMethod: fullName(rpc), ...message() }));
}

/** Tells of a stream of output that goes on. Made only where somebody listens. */
export function publishResume(message: () => ResumeMessage): void {
  publish(resumes, message);
}

function publish(on: Channel, message: () => RetryMessage | ResumeMessage): void {
  if (on.hasSubscribers) {
    on.publish(message());
  }
}

let lastConnection = 0;

/** Tells of one connection from when it is dialled. */
export class ConnectionTrace {
  readonly #about: Pick<ConnectionMessage, "id" | "httpVersion" | "address" | "port">;
  #since = performance.now();
  #isClosed = false;

  constructor(
    httpVersion: ConnectionMessage["httpVersion"],
    { host, port }: { readonly host: string; readonly port: number },
  ) {
    lastConnection += 1;
    this.#about = { id: lastConnection, httpVersion, address: host, port };
  }

  opened(): void {
    this.#publish("opened");
    this.#since = performance.now();
  }

  /** Without effect after the first time. */
  closed(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#publish("closed");
    }
  }

  failed(error: unknown): void {
    this.#publish("failed", error);
  }

  #publish(event: ConnectionMessage["event"], error?: unknown): void {
    if (connections.hasSubscribers) {
      const durationMs = performance.now() - this.#since;
      const message: ConnectionMessage = { event, ...this.#about, durationMs, error };
      connections.publish(message);
    }
  }
}
