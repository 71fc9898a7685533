import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { AiemInstrumentation, type AiemInstrumentationConfig } from "../../src/otel/index.js";

/** One series of a metric. */
export interface Point {
  readonly attributes: Record<string, unknown>;
  /** A sum, or how often a histogram was recorded to. */
  readonly value: number;
  /** The sum of a histogram. */
  readonly sum?: number;
}

/** OpenTelemetry's SDK, whose exporters keep what comes, and the instrumentation; until it is disposed. */
export class Recorded implements AsyncDisposable {
  readonly instrumentation: AiemInstrumentation;
  readonly tracers: TracerProvider;
  readonly #spans = new InMemorySpanExporter();
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader: PeriodicExportingMetricReader;
  readonly meters: MeterProvider;

  constructor(config: AiemInstrumentationConfig = {}) {
    const spanProcessors = [new SimpleSpanProcessor({ exporter: this.#spans })];
    this.tracers = new TracerProvider({ spanProcessors });
    const never = { exportIntervalMillis: 2 ** 31 - 1 };
    this.#reader = new PeriodicExportingMetricReader({ exporter: this.#metrics, ...never });
    this.meters = new MeterProvider({ readers: [this.#reader] });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const providers = { tracerProvider: this.tracers, meterProvider: this.meters };
    this.instrumentation = new AiemInstrumentation({ ...providers, ...config });
  }

  /** The spans that have ended, in the order in which they began. */
  get spans(): ReadableSpan[] {
    const spans = this.#spans.getFinishedSpans();
    const order = (a: ReadableSpan["startTime"], b: ReadableSpan["startTime"]) =>
      a[0] - b[0] || a[1] - b[1];
    return [...spans].sort((a, b) => order(a.startTime, b.startTime));
  }

  /** The spans as a tree of lines: their names, kinds, failures and events. */
  get tree(): string {
    const { spans } = this;
    const lines = (parent: string | undefined, indent: string): string[] =>
      spans
        .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent)
        .flatMap((span) => [
          `${indent}${lineOf(span)}`,
          ...span.events.map(({ name, attributes }) => `${indent}  * ${name}${sizeOf(attributes)}`),
          ...lines(span.spanContext().spanId, `${indent}  `),
        ]);
    return lines(undefined, "").join("\n");
  }

  /** The series of a metric, by its name. */
  async points(name: string): Promise<Point[]> {
    await this.#reader.forceFlush();
    const metrics = this.#metrics.getMetrics().at(-1)?.scopeMetrics ?? [];
    return metrics
      .flatMap((scope) => scope.metrics)
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) =>
        dataPoints.map(({ attributes, value }) =>
          typeof value === "number"
            ? { attributes, value }
            : { attributes, value: value.count, sum: value.sum ?? 0 },
        ),
      );
  }

  /** All metrics, as they are exported. */
  async allMetrics() {
    await this.#reader.forceFlush();
    return this.#metrics.getMetrics().at(-1)?.scopeMetrics ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.instrumentation.disable();
    context.disable();
    propagation.disable();
    trace.disable();
    await this.tracers.shutdown();
    await this.meters.shutdown();
  }
}

function lineOf({ name, kind, status, attributes }: ReadableSpan): string {
  const failed = status.code === SpanStatusCode.ERROR ? ` ERROR ${attributes["error.type"]}` : "";
  const number = attributes["aiem.attempt.number"];
  const which = number === undefined ? "" : ` ${number}`;
  return `${SpanKind[kind]} ${name.replace(/^.*ProcessService\//, "")}${which}${failed}`;
}

function sizeOf(attributes: ReadableSpan["attributes"] = {}): string {
  const size = attributes["aiem.replay.size"];
  return size === undefined ? "" : ` (${size} bytes)`;
}
