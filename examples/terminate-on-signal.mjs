import { constants } from "node:os";

/** What ends a program that does not handle it: Ctrl-C, kill, a terminal that closes, Ctrl-\. */
const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]);

/**
 * Makes Ctrl-C end a process in the engine instead of leaving it behind. The first signal asks it
 * to end, and kills it if it does not; the second kills at once. Either way the rest of its output
 * still comes.
 *
 * @param {import("aiem-process-client").ProcessClient} client
 * @param {Promise<import("aiem-process-client").Process>} created the process, as soon as there is one
 * @returns {{ exitCode: number | undefined, stop: () => void }} `exitCode` is ours after a signal;
 *   `stop` puts an end to all this
 */
export function terminateOnSignal(client, created) {
  /** @type {ReturnType<typeof terminateOnSignal>} */
  const interruption = {
    exitCode: undefined,
    stop: () => {
      for (const signal of SIGNALS) {
        process.off(signal, onSignal);
      }
    },
  };
  for (const signal of SIGNALS) {
    process.on(signal, onSignal);
  }
  return interruption;

  /** @param {typeof SIGNALS[number]} signal */
  function onSignal(signal) {
    const graceMs = interruption.exitCode === undefined ? 10_000 : 0;
    interruption.exitCode = 128 + constants.signals[signal];
    created
      .then(({ name }) => client.terminateProcess(name, { graceMs }))
      .catch((error) => console.error(`Could not end the process: ${error.message}`));
  }
}
