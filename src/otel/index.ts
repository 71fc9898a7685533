/**
 * OpenTelemetry's spans and metrics of the client. Needs the package `@opentelemetry/api`.
 *
 * @module aiem-process-client/otel
 */
export { AiemInstrumentation, type AiemInstrumentationConfig } from "./instrumentation.js";
