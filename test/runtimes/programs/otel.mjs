/**
 * What OpenTelemetry's SDK gets to know of a client, in every runtime. Writes one line of JSON: the
 * spans as a tree of lines, what was active in a hook, and the metrics' values.
 *
 * Usage: otel.mjs JSON, with `url`, `token`, `parent`, and the client's `options`, and the name of the `run`.
 */
import { context, propagation, SpanKind, trace } from "@opentelemetry/api";
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
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { ProcessClient } from "aiem-process-client";
import { AiemInstrumentation } from "aiem-process-client/otel";

const { url, token, parent, options, run } = JSON.parse(process.argv[2] ?? "");

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }),
);
const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: exported });
const meterProvider = new MeterProvider({ readers: [reader] });
const instrumentation = new AiemInstrumentation({ attempts: true, meterProvider });

/** @type {(string | undefined)[]} */
const active = [];
const noteActive = () => {
  active.push(trace.getActiveSpan()?.spanContext().spanId);
};
const client = new ProcessClient(
  { aiemUrl: url, tokenProvider: token, contract: "built-in" },
  { ...options, onRetry: noteActive, onResume: noteActive },
);
const spec = { command: "sh", args: ["-c", "seq 1 500000 | head -c 3000000"] };
await client.runProcess(parent, spec, { processId: `cut-${run}` });
client.close();
await meterProvider.forceFlush();
instrumentation.disable();

const ended = spans.getFinishedSpans();
/**
 * @param {string | undefined} of
 * @param {string} indent
 * @returns {string[]}
 */
const lines = (of, indent) =>
  ended
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === of)
    .flatMap((span) => [
      `${indent}${SpanKind[span.kind]} ${span.name.replace(/^.*ProcessService\//, "")}`,
      ...span.events.map((event) => `${indent}  * ${event.name}`),
      ...lines(span.spanContext().spanId, `${indent}  `),
    ]);
const nameOfActive = (/** @type {string | undefined} */ id) =>
  ended.find((span) => span.spanContext().spanId === id)?.name.replace(/^.*ProcessService\//, "");
const metrics =
  exported
    .getMetrics()
    .at(-1)
    ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
/** @param {string} name */
function sum(name) {
  let total = 0;
  for (const { dataPoints } of metrics.filter(({ descriptor }) => descriptor.name === name)) {
    for (const { value } of dataPoints) {
      total += typeof value === "number" ? value : value.count;
    }
  }
  return total;
}
console.log(
  JSON.stringify({
    tree: lines(undefined, ""),
    active: active.map(nameOfActive),
    retries: sum("aiem.client.retries"),
    resumes: sum("aiem.client.resumes"),
    calls: sum("rpc.client.call.duration") + sum("http.client.request.duration"),
    streams: sum("aiem.client.streams"),
  }),
);
await meterProvider.shutdown();
