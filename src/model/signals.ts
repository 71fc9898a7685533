// The numbers of Linux on x86-64 and arm64 (signal(7)), on every platform: the process runs there,
// not where this client runs.
export const SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

/** @inline */
type FullName = keyof typeof SIGNALS;
/** @inline */
type ShortName<N extends FullName> = N extends `SIG${infer Short}` ? Short : never;

/**
 * The name of a Linux signal, as `SIGTERM` or, as kill(1) takes it, `TERM`. Real-time signals (32 to
 * 64) go by their numbers.
 */
export type SignalName = FullName | ShortName<FullName>;

/** The highest number of a signal on Linux (SIGRTMAX). */
export const MAX_SIGNAL = 64;

/** The number of a signal, or undefined where there is no such signal. */
export function signalNumber(signal: number | string): number | undefined {
  if (typeof signal === "string") {
    const name = signal.startsWith("SIG") ? signal : `SIG${signal}`;
    return isFullName(name) ? SIGNALS[name] : undefined;
  }
  return Number.isInteger(signal) && signal >= 1 && signal <= MAX_SIGNAL ? signal : undefined;
}

function isFullName(name: string): name is FullName {
  return Object.hasOwn(SIGNALS, name);
}
