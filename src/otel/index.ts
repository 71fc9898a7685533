/** OpenTelemetry's spans and metrics of the client. Needs the package `@opentelemetry/api`. */
export { AiemInstrumentation, type AiemInstrumentationConfig } from "./instrumentation.js";
