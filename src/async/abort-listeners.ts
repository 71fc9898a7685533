// One AbortSignal is often shared by many calls at once; Node 20 warns of a leak beyond ten
// listeners. So each signal gets one listener of ours, whatever the number of calls.
const listenersBySignal = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` once when `signal` aborts, at once if it has.
 *
 * @returns a function that takes the listener off again; after the last one nothing of ours stays
 *   on the signal.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  const listeners = listenersBySignal.get(signal) ?? listen(signal);
  // A function of its own, so that the same listener can be added twice.
  const entry = () => listener();
  listeners.add(entry);
  return () => {
    listeners.delete(entry);
    if (listeners.size === 0 && listenersBySignal.get(signal) === listeners) {
      unlisten(signal);
    }
  };
}

const handlers = new WeakMap<AbortSignal, () => void>();

function listen(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>();
  const handler = () => {
    listenersBySignal.delete(signal);
    handlers.delete(signal);
    // Not over a copy: one that is taken off by another is not called any more.
    for (const listener of listeners) {
      listener();
    }
  };
  listenersBySignal.set(signal, listeners);
  handlers.set(signal, handler);
  signal.addEventListener("abort", handler, { once: true });
  return listeners;
}

function unlisten(signal: AbortSignal): void {
  const handler = handlers.get(signal);
  if (handler) {
    signal.removeEventListener("abort", handler);
  }
  handlers.delete(signal);
  listenersBySignal.delete(signal);
}
