// @ts-check
import { subscribe, tracingChannel } from "node:diagnostics_channel";
import { context, propagation } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { AiemInstrumentation } from "aiem-process-client/otel";
import { open as openClient } from "./this-client.mjs";

/**
 * This client with somebody who listens: to its channels, doing nothing, or OpenTelemetry with spans
 * and metrics that are exported to nowhere.
 *
 * @param {import("./contender.mjs").Target} target
 * @param {"channels" | "otel" | "attempts"} by
 * @returns {import("./contender.mjs").Contender}
 */
export function open(target, by) {
  if (by === "channels") {
    listen();
  } else {
    instrument(by === "attempts");
  }
  return openClient(target, { protocol: "grpc" }, "built-in");
}

function listen() {
  const nothing = () => undefined;
  for (const name of ["call", "attempt"]) {
    tracingChannel(`aiem-process-client:${name}`).subscribe({
      start: nothing,
      end: nothing,
      asyncStart: nothing,
      asyncEnd: nothing,
      error: nothing,
    });
  }
  for (const name of ["retry", "resume", "connection"]) {
    subscribe(`aiem-process-client:${name}`, nothing);
  }
}

/** @param {boolean} attempts */
function instrument(attempts) {
  const nowhere = {
    /**
     * @param {unknown} _
     * @param {(result: { code: ExportResultCode }) => void} done
     */
    export: (_, done) => done({ code: ExportResultCode.SUCCESS }),
    async forceFlush() {},
    async shutdown() {},
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
  };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  new AiemInstrumentation({
    attempts,
    tracerProvider: new TracerProvider({
      spanProcessors: [new BatchSpanProcessor({ exporter: nowhere })],
    }),
    meterProvider: new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter: nowhere })],
    }),
  });
}
