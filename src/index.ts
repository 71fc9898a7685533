/**
 * Runs and follows processes inside the SandboxEngines of H2O AI Engine Manager (AIEM).
 *
 * @module aiem-process-client
 */
export { Code, ConnectError } from "@connectrpc/connect";
export { connectionFromEnvironment } from "./auth/connection-from-environment.js";
export {
  type DiscoverConnectionOptions,
  discoverConnection,
} from "./auth/discovery/discover-connection.js";
export type { AuthHttpOptions } from "./auth/http/send.js";
export {
  type RefreshTokenOptions,
  refreshTokenProvider,
} from "./auth/refresh/refresh-token-provider.js";
export type { CallOptions } from "./call/call-options.js";
export type { ClientHooks, ResumeEvent, RetryEvent } from "./call/hooks.js";
export type { RetryOptions } from "./call/patience.js";
export type {
  ClientConfig,
  ClientOptions,
  ClientTimings,
  TransportConfig,
} from "./client/client-options.js";
export type { CreateProcessOptions } from "./client/create-process.js";
export type {
  ListAllProcessesOptions,
  ListProcessesOptions,
  ProcessFilter,
  ProcessPage,
} from "./client/list-processes.js";
export { ProcessClient } from "./client/process-client.js";
export type { ProcessHandle } from "./client/process-handle.js";
export type { ReadOutputOptions } from "./client/read-output.js";
export type { RunProcessOptions } from "./client/run-process.js";
export type { TerminateProcessOptions } from "./client/terminate-process.js";
export type { LineMatch, LineOutcome, WaitForLineOptions } from "./client/wait-for-line.js";
export type { WaitProcessByPollingOptions } from "./client/wait-process-by-polling.js";
export type {
  Around,
  AttemptMessage,
  CallMessage,
  ConnectionMessage,
  HttpExchange,
  HttpRoute,
  ResumeMessage,
  RetryMessage,
  ServerInfo,
  TracedMessage,
} from "./diagnostics/messages.js";
export { type ContractMismatch, ContractMismatchError } from "./errors/contract-mismatch-error.js";
export { InvalidInputError } from "./errors/invalid-input-error.js";
export { type OutputGap, OutputGapError } from "./errors/output-gap-error.js";
export { OutputLimitError } from "./errors/output-limit-error.js";
export { ProcessFailedError } from "./errors/process-failed-error.js";
export { ReplayStalledError } from "./errors/replay-stalled-error.js";
export { TokenEndpointError, type TokenEndpointRefusal } from "./errors/token-endpoint-error.js";
export { type OutputSoFar, WaitTimeoutError } from "./errors/wait-timeout-error.js";
export { CapturedOutput, type ProcessResult } from "./model/captured-output.js";
export type {
  OutputChunk,
  OutputFrame,
  OutputPosition,
  OutputStream,
  ProcessStream,
  StreamPosition,
} from "./model/output.js";
export {
  type FinishedProcess,
  isFinished,
  type Process,
  type ProcessSpec,
  type ProcessState,
  type SecretEnvironmentVariable,
} from "./model/process.js";
export type { EngineNameParts, ProcessNameParts } from "./model/resource-names.js";
export type { SignalName } from "./model/signals.js";
export type { OutputLine, StreamLinesOptions } from "./output/lines.js";
export type { LiveOutput } from "./output/live-output.js";
export type { OutputWritables, PipeOutputOptions } from "./output/pipe.js";
export type { StreamOutputOptions } from "./output/stream-output-options.js";
export { engineName, parseProcessName } from "./rules/names.js";
export type {
  ConnectionConfig,
  TokenProvider,
  TokenRequest,
  TransportOptions,
} from "./transport/connection-config.js";
export type { ProtocolEvent } from "./transport/protocol-event.js";
