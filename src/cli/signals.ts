import { constants } from "node:os";

/** What ends a program that does not handle it: Ctrl-C, kill, a terminal that closes, Ctrl-\. */
export const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** A signal that ends programs. */
export type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** The exit code that tells of a signal, as a shell has it. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** Takes signals in the place of their default, until what it returns is called. */
export function onSignals(
  signals: readonly EndingSignal[],
  listener: (signal: EndingSignal) => void,
): () => void {
  for (const signal of signals) {
    process.on(signal, listener);
  }
  return () => {
    for (const signal of signals) {
      process.off(signal, listener);
    }
  };
}
