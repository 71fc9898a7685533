/**
 * The items of a source, until the signal aborts; then the signal's reason is thrown, and the source
 * is released at once, even if nobody asks for an item any more.
 *
 * A transport that loses its caller drops a response where it stands, so that no `finally` of it
 * runs; the signal is all that tells. And a source that merely ended on the signal would look like
 * one that is complete.
 */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const release = () => {
    iterator.return?.().catch(() => {});
  };
  signal.addEventListener("abort", release, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await iterator.next();
      signal.throwIfAborted();
      if (done === true) {
        return;
      }
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", release);
    await iterator.return?.();
  }
}
