import { PassThrough } from "node:stream";
import type {
  CallOptions,
  ClientConfig,
  ClientOptions,
  CreateProcessOptions,
  DiscoverConnectionOptions,
  ListAllProcessesOptions,
  ListProcessesOptions,
  OutputPosition,
  PipeOutputOptions,
  ProcessNameParts,
  ProcessSpec,
  ReadOutputOptions,
  RefreshTokenOptions,
  RetryOptions,
  RunProcessOptions,
  SecretEnvironmentVariable,
  StreamLinesOptions,
  StreamOutputOptions,
  StreamPosition,
  TerminateProcessOptions,
  WaitForLineOptions,
  WaitProcessByPollingOptions,
} from "../../src/index.js";
import {
  discoverConnection,
  engineName,
  ProcessClient,
  refreshTokenProvider,
} from "../../src/index.js";
import { ENGINE, first, PROCESS } from "./calls.js";

/** An object with named values that a user gives, and where it is given. */
export interface OptionsObject {
  readonly title: string;
  /** What messages put before its names. */
  readonly prefix: string;
  /** A good value for each name that its type has. The compiler sees to it that none is missing. */
  readonly good: Readonly<Record<string, unknown>>;
  /** Gives the object to where it belongs. */
  give(client: ProcessClient, object: never): Promise<unknown>;
}

const aiemUrl = "https://aiem.example";
const start = { bytes: 0, crc32: 0 } satisfies Record<keyof StreamPosition, unknown>;
const position = { stdout: start, stderr: start } satisfies Record<keyof OutputPosition, unknown>;
const secret = {
  secretVersion: "workspaces/w/secrets/s/versions/1",
} satisfies Record<keyof SecretEnvironmentVariable, unknown>;
const spec = {
  command: "true",
  args: ["a"],
  workingDirectory: "/",
  environmentVariables: { A: "1" },
  secretEnvironmentVariables: { B: secret },
} satisfies Record<keyof ProcessSpec, unknown>;

const call = {
  signal: new AbortController().signal,
  timeoutMs: 60_000,
  headers: { "x-a": "1" },
} satisfies Record<keyof CallOptions, unknown>;
const listAll = {
  ...call,
  filter: "state = STATE_RUNNING",
  pageSize: 1,
} satisfies Record<keyof ListAllProcessesOptions, unknown>;
const stream = {
  ...call,
  skipReplay: false,
  resumeFrom: position,
  verifyEnd: "status",
} satisfies Record<keyof StreamOutputOptions, unknown>;
const writables = { stdout: new PassThrough(), stderr: new PassThrough() };

const METHODS: readonly Omit<OptionsObject, "prefix">[] = [
  {
    title: "createProcess",
    good: { ...call, processId: "p", autoRun: true } satisfies Record<
      keyof CreateProcessOptions,
      unknown
    >,
    give: (c, o) => c.createProcess(ENGINE, spec, o),
  },
  { title: "startProcess", good: call, give: (c, o) => c.startProcess(PROCESS, o) },
  { title: "getProcess", good: call, give: (c, o) => c.getProcess(PROCESS, o) },
  { title: "a handle's get", good: call, give: (c, o) => c.process(PROCESS).get(o) },
  {
    title: "listProcesses",
    good: { ...listAll, pageToken: "t" } satisfies Record<keyof ListProcessesOptions, unknown>,
    give: (c, o) => c.listProcesses(ENGINE, o),
  },
  {
    title: "listAllProcesses",
    good: listAll,
    give: (c, o) => first(c.listAllProcesses(ENGINE, o)),
  },
  { title: "sendSignal", good: call, give: (c, o) => c.sendSignal(PROCESS, "SIGTERM", o) },
  {
    title: "readOutput",
    good: { ...call, outputStream: "OUTPUT_STREAM_STDOUT" } satisfies Record<
      keyof ReadOutputOptions,
      unknown
    >,
    give: (c, o) => c.readOutput(PROCESS, o),
  },
  { title: "readOutputFrames", good: call, give: (c, o) => c.readOutputFrames(PROCESS, o) },
  { title: "streamOutput", good: stream, give: (c, o) => first(c.streamOutput(PROCESS, o)) },
  {
    title: "streamLines",
    good: { ...stream, maxLineBytes: 1 } satisfies Record<keyof StreamLinesOptions, unknown>,
    give: (c, o) => first(c.streamLines(PROCESS, o)),
  },
  {
    title: "pipeOutput",
    good: { ...stream, ...writables } satisfies Record<keyof PipeOutputOptions, unknown>,
    give: (c, o) => c.pipeOutput(PROCESS, o),
  },
  {
    title: "waitForLine",
    good: { ...call, stream: "OUTPUT_STREAM_STDERR" } satisfies Record<
      keyof WaitForLineOptions,
      unknown
    >,
    give: (c, o) => c.waitForLine(PROCESS, /x/, o),
  },
  {
    title: "runProcess",
    good: {
      ...call,
      ...writables,
      processId: "p",
      maxOutputBytes: 1,
      onTimeout: "leave",
      check: false,
    } satisfies Record<keyof RunProcessOptions, unknown>,
    give: (c, o) => c.runProcess(ENGINE, spec, o),
  },
  { title: "waitProcess", good: call, give: (c, o) => c.waitProcess(PROCESS, o) },
  {
    title: "waitProcessByPolling",
    good: {
      signal: call.signal,
      headers: call.headers,
      timeoutSeconds: null,
      pollIntervalSeconds: 1,
    } satisfies Record<keyof WaitProcessByPollingOptions, unknown>,
    give: (c, o) => c.waitProcessByPolling(PROCESS, o),
  },
  {
    title: "terminateProcess",
    good: { ...call, graceMs: 1 } satisfies Record<keyof TerminateProcessOptions, unknown>,
    give: (c, o) => c.terminateProcess(PROCESS, o),
  },
  {
    title: "a client, in its config",
    good: { aiemUrl, tokenProvider: "t", transport: undefined } satisfies Record<
      keyof ClientConfig,
      unknown
    >,
    give: async (_, config) => new ProcessClient(Object.assign({ aiemUrl }, config)).close(),
  },
  {
    title: "a client, in its options",
    good: {
      protocol: "connect",
      httpVersion: "2",
      verifySsl: true,
      sslCaCert: "ca.pem",
      sslClientCert: "cert.pem",
      sslClientKey: "key.pem",
      connectTimeoutMs: 1,
      maxConnections: 1,
      streamWindowBytes: 65_535,
      readMaxBytes: 1,
      allowPlaintextToken: false,
      interceptors: [],
      attemptTimeoutMs: 1,
      idleTimeoutMs: 1,
      onRetry: () => undefined,
      onResume: () => undefined,
      onProtocol: () => undefined,
      retry: false,
    } satisfies Record<keyof ClientOptions, unknown>,
    give: async (_, options) => new ProcessClient({ aiemUrl }, options).close(),
  },
  {
    title: "engineName",
    good: { workspace: "w", engine: "e", process: "p" } satisfies Record<
      keyof ProcessNameParts,
      unknown
    >,
    give: async (_, parts) => engineName(Object.assign({ workspace: "w", engine: "e" }, parts)),
  },
  {
    title: "discoverConnection",
    good: {
      environment: aiemUrl,
      discoveryAddress: "http://127.0.0.1:9",
      configPath: "no-such-file.toml",
      signal: AbortSignal.abort("not asked"),
      clientSecret: "s",
      scope: "s",
      verifySsl: true,
      sslCaCert: "ca.pem",
      httpTimeoutMs: 1,
    } satisfies Record<keyof DiscoverConnectionOptions, unknown>,
    // Its signal has aborted, so that nothing is looked up.
    give: (_, options) =>
      discoverConnection(Object.assign({ signal: AbortSignal.abort("not asked") }, options)),
  },
  {
    title: "refreshTokenProvider",
    good: {
      issuerUrl: aiemUrl,
      tokenEndpoint: aiemUrl,
      clientId: "c",
      refreshToken: "r",
      clientSecret: "s",
      scope: "s",
      verifySsl: true,
      sslCaCert: "ca.pem",
      httpTimeoutMs: 1,
    } satisfies Record<keyof RefreshTokenOptions, unknown>,
    give: async (_, options) => refreshTokenProvider(options),
  },
];

const NESTED: readonly OptionsObject[] = [
  {
    title: "createProcess, in its specification",
    prefix: "spec.",
    good: spec,
    give: (c, o) => c.createProcess(ENGINE, Object.assign({ command: "true" }, o)),
  },
  {
    title: "runProcess, in its specification",
    prefix: "spec.",
    good: spec,
    give: (c, o) => c.runProcess(ENGINE, Object.assign({ command: "true" }, o)),
  },
  {
    title: "createProcess, in the source of a secret variable",
    prefix: "spec.secretEnvironmentVariables.X.",
    good: secret,
    give: (c, o) =>
      c.createProcess(ENGINE, { command: "true", secretEnvironmentVariables: { X: o } }),
  },
  {
    title: "streamOutput, in the position to go on from",
    prefix: "resumeFrom.",
    good: position,
    give: (c, resumeFrom) => first(c.streamOutput(PROCESS, { resumeFrom })),
  },
  {
    title: "pipeOutput, in the position of a stream",
    prefix: "resumeFrom.stdout.",
    good: start,
    give: (c, stdout) => c.pipeOutput(PROCESS, { resumeFrom: { stdout, stderr: start } }),
  },
  {
    title: "a client, in the options of its retries",
    prefix: "retry.",
    good: { maxAttempts: 1, maxOutageMs: 0, baseDelayMs: 0, maxDelayMs: 0 } satisfies Record<
      keyof RetryOptions,
      unknown
    >,
    give: async (_, retry) => new ProcessClient({ aiemUrl }, { retry }).close(),
  },
];

/** Every object with named values that a user gives to the client. */
export const OPTIONS_OBJECTS: readonly OptionsObject[] = [
  ...METHODS.map((method) => ({ ...method, prefix: "" })),
  ...NESTED,
];
