/**
 * An embedded engine for tests and trials: it runs real processes of this machine behind the real
 * protocols. It isolates nothing.
 */

export { createStubTransport, type StubTransport } from "./create-stub-transport.js";
export type { CreateEngineOptions, EngineState } from "./engine/engine-options.js";
export type {
  CallFault,
  DelayFault,
  DropFault,
  EndFault,
  HangFault,
  OutgoingDetail,
  StatusFault,
} from "./faults/call-faults.js";
export type { CallPoint, FaultPoint, OutputPoint } from "./faults/fault-point.js";
export type { FaultMethod, FaultTarget } from "./faults/fault-target.js";
export type { Http2ErrorCode } from "./faults/network/http2-error-code.js";
export type {
  BlackholeFault,
  CloseFault,
  GoawayFault,
  HttpFault,
  NetworkFault,
  NoTrailersFault,
  ResetFault,
  RstStreamFault,
} from "./faults/network-faults.js";
export type {
  Fault,
  InjectedFault,
  StubFaults,
  StubServerFaults,
} from "./faults/stub-faults.js";
export type { StubCors } from "./server/stub-cors.js";
export type { StubTls } from "./server/stub-tls.js";
export { type StubServerOptions, startStubServer } from "./start-stub-server.js";
export type { StubEngine, StubEngines } from "./stub-engines.js";
export type { StubOptions } from "./stub-options.js";
export type { StubConnection, StubServer } from "./stub-server.js";
