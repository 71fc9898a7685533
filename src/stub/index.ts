/**
 * An embedded engine for tests and trials: it runs real processes of this machine behind the real
 * protocols. It isolates nothing.
 */

export { createStubTransport, type StubTransport } from "./create-stub-transport.js";
export type { EngineState } from "./engine/engine-state.js";
export type { StubTls } from "./server/stub-tls.js";
export { type StubServerOptions, startStubServer } from "./start-stub-server.js";
export type { CreateEngineOptions, StubEngine, StubEngines } from "./stub-engines.js";
export type { StubOptions } from "./stub-options.js";
export type { StubConnection, StubServer } from "./stub-server.js";
