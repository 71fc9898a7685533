/**
 * Where a process is in its life, by the contract's names. `STATE_UNSPECIFIED` stands for a state
 * that a newer server knows and this client does not.
 */
export type ProcessState =
  | "STATE_UNSPECIFIED"
  | "STATE_PENDING"
  | "STATE_RUNNING"
  | "STATE_SUCCEEDED"
  | "STATE_FAILED";

/** The source of one environment variable whose value is a secret. */
export interface SecretEnvironmentVariable {
  /** `workspaces/{workspace}/secrets/{secret}/versions/{secret_version}`; the version may be `latest`. */
  readonly secretVersion: string;
}

/** What to run: the input of `createProcess` and `runProcess`. */
export interface ProcessSpec {
  /** The program: a path, or a name looked up in the PATH of the process. No shell reads it. */
  readonly command: string;
  /**
   * The arguments, without the program's own name.
   * @default []
   */
  readonly args?: readonly string[] | undefined;
  /**
   * An absolute path, rooted at the file system root of the sandbox.
   * @default "/"
   */
  readonly workingDirectory?: string | undefined;
  /**
   * Environment variables by name. The server shows them to every reader of the process.
   * @default {}
   */
  readonly environmentVariables?: Readonly<Record<string, string>> | undefined;
  /**
   * Environment variables whose values the server reads from its secret store at the start, by
   * name. They win over `environmentVariables` of the same name.
   * @default {}
   */
  readonly secretEnvironmentVariables?:
    | Readonly<Record<string, SecretEnvironmentVariable>>
    | undefined;
}

/**
 * A process as the server told of it in one response. It is plain data, which `JSON.stringify` keeps
 * whole; `console.log` shows no values of its environment variables.
 */
export interface Process {
  /** `workspaces/{workspace}/sandboxEngines/{engine}/processes/{process}`. */
  readonly name: string;
  /** The program. */
  readonly command: string;
  /** The program's arguments. */
  readonly args: readonly string[];
  /** Where it starts; empty means `/`. */
  readonly workingDirectory: string;
  /** Environment variables in plain text, by name. */
  readonly environmentVariables: Readonly<Record<string, string>>;
  /** Where secret environment variables come from, by name; never their values. */
  readonly secretEnvironmentVariables: Readonly<Record<string, SecretEnvironmentVariable>>;
  /** The state when the server answered. */
  readonly state: ProcessState;
  /**
   * How the process ended; undefined until it is final, and where the server gave no code. Some
   * servers show 0 for an unset code: a FAILED process with 0 reads as undefined.
   */
  readonly exitCode: number | undefined;
  /** When it was created. */
  readonly createTime: Date | undefined;
  /** When it was started; undefined while it is pending. */
  readonly startTime: Date | undefined;
  /** When it finished; undefined until then. */
  readonly endTime: Date | undefined;
}

/** A process that will not change any more; narrowed to by `isFinished`. */
export type FinishedProcess = Process &
  (
    | {
        /** It ended with the exit code 0. */
        readonly state: "STATE_SUCCEEDED";
        /** 0, also where the server tells none. */
        readonly exitCode: number;
      }
    | {
        /** It ended with another exit code or by a signal, or could not be started. */
        readonly state: "STATE_FAILED";
      }
    | {
        /** A newer server's final state, which is known by its end time. */
        readonly state: Exclude<ProcessState, "STATE_SUCCEEDED" | "STATE_FAILED">;
        /** When it finished. */
        readonly endTime: Date;
      }
  );

/**
 * Whether the process is final: SUCCEEDED, FAILED, or in any state with an end time, so that a newer
 * server's final state is not waited for for ever.
 */
export function isFinished(process: Process): process is FinishedProcess {
  return isFinal(process.state, process.endTime);
}

/** The rule behind `isFinished`, for a process that is still being read from a message. */
export function isFinal(state: ProcessState, endTime: Date | undefined): boolean {
  return state === "STATE_SUCCEEDED" || state === "STATE_FAILED" || endTime !== undefined;
}

const SHOWN_CHARACTERS = 1_000;
const SHOWN_ITEMS = 100;

/** A process as a log can show it: bounded, and without the values of environment variables. */
export function shownProcess(process: Process): object {
  const names = Object.keys(process.environmentVariables);
  return {
    ...process,
    command: cut(process.command),
    args: firstOf(process.args.map(cut)),
    workingDirectory: cut(process.workingDirectory),
    environmentVariables: Object.fromEntries(firstOf(names).map((name) => [cut(name), "(hidden)"])),
    secretEnvironmentVariables: Object.fromEntries(
      Object.entries(process.secretEnvironmentVariables).slice(0, SHOWN_ITEMS),
    ),
  };
}

function cut(text: string): string {
  const left = text.length - SHOWN_CHARACTERS;
  return left > 0 ? `${text.slice(0, SHOWN_CHARACTERS)}[… ${left} more characters]` : text;
}

function firstOf(texts: readonly string[]): readonly string[] {
  const left = texts.length - SHOWN_ITEMS;
  return left > 0 ? [...texts.slice(0, SHOWN_ITEMS), `[… ${left} more]`] : texts;
}
