// @ts-check

/** @typedef {"idle" | "wait"} HeldKind */

/**
 * @typedef {object} HeldCall
 * @property {object} connection
 * @property {() => void} answer goes on with it
 */

/**
 * Calls that are open and get nothing until the runner says so: followers of a process that is
 * silent, and waits.
 */
export class HeldCalls {
  /** @type {Record<HeldKind, Set<HeldCall>>} */
  #calls = { idle: new Set(), wait: new Set() };

  /**
   * @param {HeldKind} kind
   * @param {HeldCall} call
   * @returns a function to call when it has ended
   */
  add(kind, call) {
    this.#calls[kind].add(call);
    return () => void this.#calls[kind].delete(call);
  }

  /** @param {HeldKind} kind */
  count(kind) {
    const calls = this.#calls[kind];
    return { calls: calls.size, connections: new Set([...calls].map((c) => c.connection)).size };
  }

  /** @param {HeldKind} kind */
  answer(kind) {
    for (const call of this.#calls[kind]) {
      call.answer();
    }
  }
}
