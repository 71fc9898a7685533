/** The server of a client, and how it is spoken to. */
export interface ServerInfo {
  /**
   * What is spoken: "auto" until that is settled, which is during a client's first calls.
   * "transport" is a Connect `Transport` of the user's own.
   */
  readonly protocol: "auto" | "grpc" | "connect" | "rest" | "transport";
  /** The host of `aiemUrl`; undefined with a `Transport` of the user's own. */
  readonly address: string | undefined;
  /** The port of `aiemUrl`; undefined where the address is. */
  readonly port: number | undefined;
}

/** How the contract maps an RPC to HTTP. */
export interface HttpRoute {
  /** The HTTP method. */
  readonly method: string;
  /** The path template, such as `/v1/{name=workspaces/*}`. */
  readonly template: string;
}

/** A request over REST, as far as it got. */
export interface HttpExchange {
  /** The URL that was asked for. */
  readonly url: string;
  /** The status of the answer; undefined without an answer. */
  readonly status: number | undefined;
}

/** Runs a function, such as within a context of one's own, and returns what it returns. */
export type Around = <T>(run: () => T) => T;

/** What the messages of both tracing channels have in common. */
export interface TracedMessage {
  /** The RPC, such as `GetProcess`; of several calls in one, the client's method: see CallMessage. */
  readonly method: string;
  /**
   * The full name of the RPC, such as `ai.h2o.engine.sandbox.v1.ProcessService/GetProcess`;
   * undefined where a call consists of several.
   */
  readonly rpcMethod: string | undefined;
  /** The resource name that it is about: a process's, or the parent of a list. */
  readonly resource: string;
  /** The server. */
  readonly server: ServerInfo;
  /**
   * What the work runs within, and everything that it calls: hooks, token providers, interceptors. A
   * subscriber of `start` may push, where it has a context that is no AsyncLocalStorage to bind.
   */
  readonly around: Around[];
  /** What it failed with; undefined before the end, or without a failure. */
  error?: unknown;
  /** Whether the caller ended it: by its signal, by leaving a loop, by closing the client. */
  cancelled?: boolean;
}

/**
 * A call on the channel `tracing:aiem-process-client:call:*`: one RPC with its retries, resumes and
 * slices. Or a method of the client that consists of several such calls, which run in its context:
 * `runProcess` and `terminateProcess`.
 */
export interface CallMessage extends TracedMessage {
  /** How the RPC is mapped to HTTP, whatever is spoken; undefined where the call consists of several. */
  readonly route: HttpRoute | undefined;
  /** How many attempts have begun, from 0 up. */
  attempts: number;
  /** The last request over REST; undefined where none was sent. */
  http?: HttpExchange | undefined;
}

/**
 * An attempt on the channel `tracing:aiem-process-client:attempt:*`: one sending of a request, until
 * its answer has ended. With `protocol: "auto"` it may take more than one sending to settle what is
 * spoken.
 */
export interface AttemptMessage extends TracedMessage {
  readonly rpcMethod: string;
  /** The call that it belongs to; undefined where nobody listened before that began. */
  readonly call: CallMessage | undefined;
  /** Which attempt of its call it is, from 1 up, a second one with another token too; 1 where the call is undefined. */
  readonly number: number;
  /**
   * Headers to send with the request. A subscriber of `start` may add; those of the caller win, and
   * are not shown here, since they may hold a token.
   */
  readonly headers: Headers;
  /** The request, where it went over REST. */
  http?: HttpExchange | undefined;
}

/** A message of the channel `aiem-process-client:retry`: a failed attempt that another one follows. */
export interface RetryMessage {
  /** The call; undefined where nobody listened to calls or attempts before that began. */
  readonly call: CallMessage | undefined;
  /** The RPC, such as `GetProcess`. */
  readonly method: string;
  /** The full name of the RPC. */
  readonly rpcMethod: string;
  /** The resource name that it is about. */
  readonly resource: string;
  /** The server. */
  readonly server: ServerInfo;
  /** How many attempts in a row have failed; with the first one an outage begins. */
  readonly failures: number;
  /** The pause before the next attempt, in milliseconds. */
  readonly delayMs: number;
  /** What the attempt failed with. */
  readonly error: unknown;
}

/** A message of the channel `aiem-process-client:resume`: a stream of output goes on after a break. */
export interface ResumeMessage {
  /** The call; undefined where nobody listened to calls or attempts before that began. */
  readonly call: CallMessage | undefined;
  /** The resource name of the process. */
  readonly resource: string;
  /** The server. */
  readonly server: ServerInfo;
  /** How many bytes the server sent again, which were checked and dropped. */
  readonly replayedBytes: number;
  /** What broke the stream. */
  readonly error: unknown;
}

/** A message of the channel `aiem-process-client:connection`. */
export interface ConnectionMessage {
  /** What happened. "failed" is a connection that could not be opened. */
  readonly event: "opened" | "closed" | "failed";
  /** Tells a connection from others of this process: the same in "opened" and "closed". */
  readonly id: number;
  /** The HTTP version spoken on it. */
  readonly httpVersion: "1.1" | "2";
  /** The host of `aiemUrl`. */
  readonly address: string;
  /** The port of `aiemUrl`. */
  readonly port: number;
  /** How long it took to open it, or to fail; in "closed", how long it was open. In milliseconds. */
  readonly durationMs: number;
  /** Why it could not be opened. */
  readonly error?: unknown;
}
