import { VERSION } from "../model/version.js";

/** The instrumentation scope of all spans and metrics. */
export const SCOPE = {
  name: "aiem-process-client",
  version: VERSION,
  options: { schemaUrl: "https://opentelemetry.io/schemas/1.45.0" },
} as const;

/** An instrumentation scope. */
export type Scope = typeof SCOPE;
