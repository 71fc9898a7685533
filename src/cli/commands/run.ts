import type { Command } from "commander";
import { startTimer } from "../../async/timer.js";
import { Code, ConnectError, type FinishedProcess, type ProcessSpec } from "../../index.js";
import {
  type ConnectionOptions,
  type Session,
  withConnection,
  withSession,
} from "../connection.js";
import { about, EXIT, failureText, isClosedOutput, UsageError } from "../failure.js";
import { localSpec, startLocalEngine } from "../local-engine.js";
import { parseDuration } from "../option-values.js";
import { outputJson } from "../output-json.js";
import { exitCodeOf } from "../process-text.js";
import type { Progress } from "../progress.js";
import { ENDING_SIGNALS, type EndingSignal, exitCodeOfSignal, onSignals } from "../signals.js";
import { type SpecOptions, specOf, withSpec } from "../spec-options.js";
import { aside, note, print, printJson } from "../stdio.js";

// The grace of terminateProcess, and as much again and more for SIGKILL to be confirmed.
const TERMINATION_MS = 30_000;

interface RunOptions extends ConnectionOptions, SpecOptions {
  readonly detach?: boolean;
  readonly timeout?: number;
  readonly stopOnTimeout?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `run`: a process from its creation to its end, as if it ran here. */
export function addRun(program: Command): void {
  const command = program
    .command("run")
    .description("Run a command in an engine, as if it ran here: its output, its exit code.")
    .usage("[options] [--] COMMAND ARGS...");
  withSpec(command)
    .option("-d, --detach", "only start it, and show its name on stdout")
    .option("--timeout <time>", "stop following after 30, 30s or 5m, with code 124", parseDuration)
    .option("--stop-on-timeout", "end the process then, too")
    .option("-q, --quiet", "write nothing on stderr but what the process writes, and failures")
    .option("--json", "write JSON Lines: started, output (base64, and text), ended")
    .option("--local", "run it on this machine, in an engine of our own: for trials");
  withConnection(command)
    .addHelpText(
      "after",
      `
The first Ctrl-C interrupts the process, the second leaves it. TERM, HUP and
QUIT are forwarded.`,
    )
    .action(run);
}

async function run(command: string, args: string[], options: RunOptions): Promise<void> {
  check(options);
  const spec = specOf(command, args, options);
  if (options.local !== true) {
    await runWith(spec, { ...options, local: false });
    return;
  }
  const engine = await startLocalEngine();
  try {
    if (options.quiet !== true) {
      aside("--local: runs on this machine, in an engine of our own that isolates nothing");
    }
    await runWith(localSpec(spec), options, engine);
  } finally {
    await engine.close();
  }
}

function check({ detach, local, timeout, stopOnTimeout }: RunOptions): void {
  if (detach && local) {
    throw new UsageError("-d cannot go with --local: the engine ends with this program");
  }
  if (detach && timeout !== undefined) {
    throw new UsageError("-d cannot go with --timeout: nothing is waited for");
  }
  if (stopOnTimeout && timeout === undefined) {
    throw new UsageError("--stop-on-timeout needs --timeout");
  }
}

async function runWith(
  spec: ProcessSpec,
  options: RunOptions,
  given?: Parameters<typeof withSession>[2],
): Promise<void> {
  await withSession(
    options,
    async (session) => {
      if (options.detach) {
        await start(session, spec, options);
      } else {
        process.exitCode = await new Run(session, options).toEnd(spec);
      }
    },
    given,
  );
}

async function start(session: Session, spec: ProcessSpec, { id, json }: RunOptions): Promise<void> {
  const parent = session.parent();
  const starting = session.client.createProcess(parent, spec, { processId: id, autoRun: true });
  const started = await about(parent, starting);
  await (json ? printJson(started) : print(`${started.name}\n`));
}

/** Why following stops before the process does. */
type Left = "timeout" | "interrupt" | "not ended";

/** One process, from its creation to its end, with all that can come between. */
class Run {
  readonly #session: Session;
  readonly #options: RunOptions;
  readonly #progress: Progress;
  readonly #leaving = new AbortController();
  #created: Promise<string> | undefined;
  #left: Left | undefined;
  #isTimedOut = false;
  #interrupts = 0;

  constructor(session: Session, options: RunOptions) {
    this.#session = session;
    this.#options = options;
    this.#progress = session.progress;
  }

  /** @returns the exit code. */
  async toEnd(spec: ProcessSpec): Promise<number> {
    const stopSignals = onSignals(ENDING_SIGNALS, (signal) => this.#onSignal(signal));
    const { timeout } = this.#options;
    const stopTimer =
      timeout === undefined ? undefined : startTimer(timeout, () => this.#onTimeout());
    try {
      const ended = await this.#follow(spec);
      return this.#isTimedOut ? EXIT.timeout : exitCodeOf(ended);
    } catch (error) {
      return await this.#endOf(error);
    } finally {
      stopTimer?.();
      stopSignals();
    }
  }

  async #follow(spec: ProcessSpec): Promise<FinishedProcess> {
    const { client } = this.#session;
    const { json, id, verbose } = this.#options;
    const { signal } = this.#leaving;
    const parent = this.#session.parent();
    const creating = client.createProcess(parent, spec, { processId: id, autoRun: true, signal });
    this.#created = creating.then(({ name }) => name);
    // Whoever waits for it as well learns of a failure from the create itself.
    this.#created.catch(() => undefined);
    const created = await about(parent, creating);
    const { name } = created;
    if (this.#options.quiet !== true) {
      this.#say(name);
    }
    this.#progress.follow(() => client.getProcess(name, { timeoutMs: 5_000 }));
    if (json) {
      await printJson({ type: "started", process: created });
      for await (const chunk of client.streamOutput(name, { signal })) {
        this.#progress.output();
        await printJson({ type: "output", ...outputJson(chunk) });
      }
    } else {
      const stdout = this.#progress.watched(process.stdout);
      const stderr = this.#progress.watched(process.stderr);
      await about(name, client.pipeOutput(name, { stdout, stderr, signal }));
    }
    const ended = await about(name, client.waitProcess(name, { signal }));
    if (json) {
      await printJson({ type: "ended", process: ended });
    }
    if (verbose) {
      const code = ended.exitCode === undefined ? "" : `, exit code ${ended.exitCode}`;
      this.#say(`${name} ended ${ended.state}${code}`);
    }
    return ended;
  }

  async #endOf(error: unknown): Promise<number> {
    if (isClosedOutput(error)) {
      await this.#send("SIGPIPE");
      return EXIT.closedOutput;
    }
    if (this.#left === undefined) {
      // It is this program that failed: the process goes on by itself.
      if ((await this.#knownName()) !== undefined) {
        await this.#tellHowToFollow();
      }
      throw error;
    }
    await this.#tellHowToFollow();
    switch (this.#left) {
      case "interrupt":
        return exitCodeOfSignal("SIGINT");
      case "timeout":
      case "not ended":
        return EXIT.timeout;
    }
  }

  #onSignal(signal: EndingSignal): void {
    if (signal === "SIGINT") {
      this.#interrupts += 1;
      if (this.#interrupts > 1) {
        this.#leave("interrupt");
        return;
      }
    }
    void this.#send(signal);
  }

  /** The name of the process; undefined where none was created, which is told once. */
  async #knownName(): Promise<string | undefined> {
    return await this.#created?.catch(() => undefined);
  }

  /** Sends a signal to the process, as soon as there is one. */
  async #send(signal: EndingSignal | "SIGPIPE"): Promise<void> {
    const name = await this.#knownName();
    if (name === undefined) {
      return;
    }
    const { signal: leaving } = this.#leaving;
    try {
      await this.#session.client.sendSignal(name, signal, { signal: leaving });
    } catch (error) {
      const hasEnded = error instanceof ConnectError && error.code === Code.FailedPrecondition;
      if (!hasEnded && !leaving.aborted) {
        this.#say(`${signal} could not be sent to the process: ${failureText(error)}`);
      }
    }
  }

  #onTimeout(): void {
    if (this.#options.stopOnTimeout) {
      this.#isTimedOut = true;
      void this.#terminate();
    } else {
      this.#leave("timeout");
    }
  }

  // What it says last still comes, so following goes on.
  async #terminate(): Promise<void> {
    try {
      const name = await this.#created;
      if (name !== undefined) {
        await this.#session.client.terminateProcess(name, { timeoutMs: TERMINATION_MS });
      }
    } catch (error) {
      this.#say(`the process could not be ended: ${failureText(error)}`);
      this.#leave("not ended");
    }
  }

  #leave(why: Left): void {
    this.#left ??= why;
    this.#leaving.abort(new Error(`left: ${why}`));
  }

  async #tellHowToFollow(): Promise<void> {
    const name = await this.#knownName();
    if (name === undefined) {
      this.#say("left before the process was known; `aiem-process list` shows whether it runs");
    } else if (this.#options.local) {
      this.#say("the process ends with its engine");
    } else {
      this.#say(`left ${name}; follow it with: aiem-process logs -f --exit-code ${name}`);
    }
  }

  #say(text: string): void {
    if (this.#left === undefined) {
      aside(text);
    } else {
      note(text);
    }
  }
}
