/**
 * An embedded engine for tests and trials: it runs real processes of this machine behind the real
 * protocols. It isolates nothing.
 *
 * @module aiem-process-client/stub
 */

export type { Http2ErrorCode } from "../model/http2-error-codes.js";
export type { StatusName } from "../model/status-names.js";
export type { StubControl, StubControlOptions } from "./control/stub-control.js";
export { createStubTransport, type StubTransport } from "./create-stub-transport.js";
export type { CreateEngineOptions, EngineState } from "./engine/engine-options.js";
export type {
  BlackholeFault,
  CallFault,
  CallPoint,
  CloseFault,
  DelayFault,
  DropFault,
  EndFault,
  Fault,
  FaultMethod,
  FaultPoint,
  FaultTarget,
  GoawayFault,
  HangFault,
  HttpFault,
  InjectedFault,
  NetworkFault,
  NoTrailersFault,
  OutgoingDetail,
  OutputPoint,
  ResetFault,
  RstStreamFault,
  StatusFault,
  StubFaults,
  StubServerFaults,
} from "./faults/stub-faults.js";
export type { StubPlatform, StubPlatformOptions } from "./platform/stub-platform.js";
export type { StubCors } from "./server/cors.js";
export type { StubTls } from "./server/stub-tls.js";
export type { StubCall } from "./service/observe-calls.js";
export type { StubConnection, StubServer } from "./start-stub-server.js";
export { type StubServerOptions, startStubServer } from "./start-stub-server.js";
export type { StubEngine, StubEngines } from "./stub-engines.js";
export type { StubEngineOptions, StubOptions } from "./stub-options.js";
