/** What every call takes in its last options object. */
export interface CallOptions {
  /** Cancels the call, which then rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the caller waits in all, in milliseconds. It never ends the process. 0 looks once: one
   * attempt, no waiting; a stream of output, which is nothing but waiting, ends at once.
   * @default undefined, no limit
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Headers to send with each request of the call, besides the client's.
   * @default none
   */
  readonly headers?: HeadersInit | undefined;
}
