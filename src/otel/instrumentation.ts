import { channel, type TracingChannelSubscribers, tracingChannel } from "node:diagnostics_channel";
import {
  context,
  type MeterProvider,
  metrics,
  propagation,
  type Span,
  SpanKind,
  type TextMapSetter,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { CHANNELS } from "../diagnostics/channels.js";
import type {
  AttemptMessage,
  CallMessage,
  ConnectionMessage,
  ResumeMessage,
  RetryMessage,
  TracedMessage,
} from "../diagnostics/messages.js";
import {
  ERROR_TYPE,
  endOfCall,
  endOfOther,
  errorType,
  RPC_METHOD,
  serverAttributes,
  startOfCall,
} from "./attributes.js";
import { Instruments } from "./instruments.js";
import { SCOPE } from "./scope.js";

/** What an instrumentation is to do. */
export interface AiemInstrumentationConfig {
  /**
   * Whether it begins at once, and not with `enable()`.
   * @default true
   */
  readonly enabled?: boolean | undefined;
  /**
   * Whether each attempt of a call has a span of its own, an INTERNAL child of the call's.
   * @default false
   */
  readonly attempts?: boolean | undefined;
  /**
   * Where spans go.
   * @default the global provider
   */
  readonly tracerProvider?: TracerProvider | undefined;
  /**
   * Where metrics go.
   * @default the global provider
   */
  readonly meterProvider?: MeterProvider | undefined;
}

/** A span that has not ended. */
interface OpenSpan {
  readonly span: Span;
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly began: number;
}

const INTO_HEADERS: TextMapSetter<Headers> = {
  set: (headers, name, value) => headers.set(name, value),
};

/**
 * Spans and metrics of every client in this program. It stands on the client's diagnostics channels,
 * and is an `Instrumentation` to OpenTelemetry: for `registerInstrumentations` and `NodeSDK`, or by
 * itself. One at a time; a second one would tell everything twice.
 *
 * @example
 * const sdk = new NodeSDK({ instrumentations: [new AiemInstrumentation()] });
 */
export class AiemInstrumentation implements Disposable {
  /** The name of the instrumentation scope. */
  readonly instrumentationName = SCOPE.name;
  /** The version of this package. */
  readonly instrumentationVersion = SCOPE.version;
  #config: AiemInstrumentationConfig;
  #stops: (() => void)[] = [];
  #instruments: { readonly from: MeterProvider; readonly them: Instruments } | undefined;
  #spans: { readonly from: TracerProvider; readonly tracer: Tracer } | undefined;
  readonly #open = new Map<TracedMessage, OpenSpan>();

  constructor(config: AiemInstrumentationConfig = {}) {
    this.#config = { enabled: true, ...config };
    if (this.#config.enabled) {
      this.enable();
    }
  }

  /** Begins; without effect where it has begun. Calls that are under way stay untold. */
  enable(): void {
    if (this.#stops.length > 0) {
      return;
    }
    this.#config = { ...this.#config, enabled: true };
    this.#trace<CallMessage>(CHANNELS.call, {
      start: (message) => this.#callBegins(message),
      asyncEnd: (message) => this.#callEnds(message),
    });
    this.#trace<AttemptMessage>(CHANNELS.attempt, {
      start: (message) => this.#attemptBegins(message),
      asyncEnd: (message) => this.#attemptEnds(message),
    });
    this.#listen<RetryMessage>(CHANNELS.retry, (message) => this.#retried(message));
    this.#listen<ResumeMessage>(CHANNELS.resume, (message) => this.#resumed(message));
    this.#listen<ConnectionMessage>(CHANNELS.connection, (message) =>
      this.#metrics().connection(message),
    );
  }

  /** Stops, and ends the spans that are open. */
  disable(): void {
    this.#config = { ...this.#config, enabled: false };
    for (const stop of this.#stops) {
      stop();
    }
    this.#stops = [];
    for (const { span } of this.#open.values()) {
      span.end();
    }
    this.#open.clear();
    this.#instruments?.them.close();
    this.#instruments = undefined;
  }

  /** See {@link AiemInstrumentation.disable}. */
  [Symbol.dispose](): void {
    this.disable();
  }

  /** Where spans go from now on. */
  setTracerProvider(tracerProvider: TracerProvider): void {
    this.#config = { ...this.#config, tracerProvider };
  }

  /** Where metrics go from now on. */
  setMeterProvider(meterProvider: MeterProvider): void {
    this.#config = { ...this.#config, meterProvider };
  }

  /** What is set here replaces what was set before. Does not enable or disable it. */
  setConfig(config: AiemInstrumentationConfig): void {
    const { tracerProvider, meterProvider, enabled } = this.#config;
    this.#config = { tracerProvider, meterProvider, ...config, enabled };
  }

  /** What it does; `enabled` tells whether it has begun. */
  getConfig(): AiemInstrumentationConfig {
    return this.#config;
  }

  #callBegins(message: CallMessage): void {
    const { name, kind, attributes } = startOfCall(message);
    this.#begin(message, this.#tracer().startSpan(name, { kind, attributes }));
  }

  #callEnds(message: CallMessage): void {
    const open = this.#end(message);
    if (!open) {
      return;
    }
    const { span, began } = open;
    if (message.rpcMethod === undefined) {
      endOfOther(span, message);
    } else {
      const seconds = (performance.now() - began) / 1_000;
      this.#metrics().called(endOfCall(span, message), seconds);
    }
    span.end();
  }

  #attemptBegins(message: AttemptMessage): void {
    const { method, rpcMethod, number, server, headers, call } = message;
    const attributes = { [RPC_METHOD]: rpcMethod, ...serverAttributes(server) };
    this.#metrics().streamOpened(message, attributes);
    const parent = call && this.#open.get(call);
    let active = parent ? trace.setSpan(context.active(), parent.span) : context.active();
    if (this.#config.attempts) {
      const options = { kind: SpanKind.INTERNAL, attributes: { "aiem.attempt.number": number } };
      const span = this.#tracer().startSpan(`${method} attempt`, options, active);
      this.#begin(message, span);
      active = trace.setSpan(active, span);
    }
    propagation.inject(active, headers, INTO_HEADERS);
  }

  #attemptEnds(message: AttemptMessage): void {
    this.#metrics().down(message);
    const open = this.#end(message);
    if (open) {
      endOfOther(open.span, message);
      open.span.end();
    }
  }

  #retried(message: RetryMessage): void {
    const { call, failures, delayMs, error } = message;
    this.#metrics().retried(message);
    const open = call && this.#open.get(call);
    open?.span.addEvent("aiem.retry", {
      "aiem.retry.failures": failures,
      "aiem.retry.delay": delayMs / 1_000,
      ...errorAttributes(error),
    });
  }

  #resumed(message: ResumeMessage): void {
    const { call, replayedBytes, error } = message;
    this.#metrics().resumed(message);
    const open = call && this.#open.get(call);
    open?.span.addEvent("aiem.resume", {
      "aiem.replay.size": replayedBytes,
      ...errorAttributes(error),
    });
  }

  #begin(message: TracedMessage, span: Span): void {
    this.#open.set(message, { span, began: performance.now() });
    const within = trace.setSpan(context.active(), span);
    message.around.push((run) => context.with(within, run));
  }

  #end(message: TracedMessage): OpenSpan | undefined {
    const open = this.#open.get(message);
    this.#open.delete(message);
    return open;
  }

  #tracer(): Tracer {
    const from = this.#config.tracerProvider ?? trace.getTracerProvider();
    if (this.#spans?.from !== from) {
      const tracer = from.getTracer(SCOPE.name, SCOPE.version, SCOPE.options);
      this.#spans = { from, tracer };
    }
    return this.#spans.tracer;
  }

  // A global provider may come later than this.
  #metrics(): Instruments {
    const from = this.#config.meterProvider ?? metrics.getMeterProvider();
    if (this.#instruments?.from !== from) {
      this.#instruments?.them.close();
      this.#instruments = { from, them: new Instruments(from, SCOPE) };
    }
    return this.#instruments.them;
  }

  #trace<M extends object>(
    name: string,
    { start, asyncEnd }: Pick<TracingChannelSubscribers<M>, "start" | "asyncEnd">,
  ): void {
    const nothing = () => undefined;
    const subscribers = { start, asyncEnd, end: nothing, asyncStart: nothing, error: nothing };
    const on = tracingChannel<unknown, M>(name);
    on.subscribe(subscribers);
    this.#stops.push(() => on.unsubscribe(subscribers));
  }

  #listen<M>(name: string, use: (message: M) => void): void {
    // The name promises the type.
    const listener = (message: unknown) => use(message as M);
    const on = channel(name);
    on.subscribe(listener);
    this.#stops.push(() => on.unsubscribe(listener));
  }
}

function errorAttributes(error: unknown) {
  const message = error instanceof Error ? error.message : String(error);
  return { [ERROR_TYPE]: errorType(error, undefined), "error.message": message };
}
