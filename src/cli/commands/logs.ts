import * as fs from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { startTimer } from "../../async/timer.js";
import {
  Code,
  ConnectError,
  isFinished,
  type OutputFrame,
  type OutputStream,
  type ProcessStream,
} from "../../index.js";
import {
  type ConnectionOptions,
  type Session,
  withConnection,
  withSession,
} from "../connection.js";
import { durableCopy } from "../durable-copy.js";
import { about, CliError, EXIT, messageOf, UsageError } from "../failure.js";
import { LineSearch } from "../line-search.js";
import { parseDuration } from "../option-values.js";
import { outputJson } from "../output-json.js";
import { exitCodeOf } from "../process-text.js";
import type { Progress } from "../progress.js";
import { temporaryFile } from "../resume-file.js";
import { type EndingSignal, exitCodeOfSignal, onSignals } from "../signals.js";
import { aside, printJson, write } from "../stdio.js";

interface LogsOptions extends ConnectionOptions {
  readonly follow?: boolean;
  readonly stream?: "stdout" | "stderr";
  readonly until?: RegExp;
  readonly timeout?: number;
  readonly output?: string;
  readonly resumeFile?: string;
  readonly exitCode?: boolean;
  readonly json?: boolean;
}

/** `logs`: the output of a process, so far or to its end. */
export function addLogs(program: Command): void {
  const command = program
    .command("logs")
    .description("Show the output of a process: what there is so far, or with -f to its end.")
    .argument("<id>", "its id, or its name")
    .option("-f, --follow", "go on until the process ends")
    .addOption(
      new Option("--stream <stream>", "one of its streams only").choices(["stdout", "stderr"]),
    )
    .option(
      "--until <regex>",
      "follow until a line matches; 1 if the process ends first",
      parseRegex,
    )
    .option("--timeout <time>", "give up after 30, 30s or 5m, with code 124", parseDuration)
    .option("--output <file>", "follow into a file, where every byte comes exactly once")
    .option("--resume-file <file>", "keeps how far --output has come, to go on after a crash")
    .option("--exit-code", "follow, and end as the process did")
    .option("--json", "write JSON Lines: base64, and text where it is UTF-8");
  withConnection(command)
    .addHelpText(
      "after",
      `
What the process wrote to stdout goes to stdout, and what it wrote to stderr to
stderr. --output and --resume-file go together: begun again with the same files,
after whatever ended it, the copy goes on where it was, and loses and repeats
nothing of either stream.`,
    )
    .action(logs);
}

function parseRegex(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(
      `It must be a regular expression of JavaScript: ${messageOf(error)}.`,
    );
  }
}

async function logs(id: string, options: LogsOptions): Promise<void> {
  check(options);
  await withSession(options, async (session) => {
    process.exitCode = await new Logs(session, session.name(id), options).show();
  });
}

function check({ output, resumeFile, until, exitCode, follow, timeout, json }: LogsOptions): void {
  if ((output === undefined) !== (resumeFile === undefined)) {
    throw new UsageError("--output and --resume-file go together");
  }
  if (output !== undefined && resumeFile !== undefined && isOneFile(output, resumeFile)) {
    throw new UsageError("--output and --resume-file must be two files");
  }
  if (until !== undefined && (output !== undefined || exitCode || json)) {
    throw new UsageError("--until cannot go with --output, --exit-code or --json");
  }
  if (output !== undefined && json) {
    throw new UsageError("--json cannot go with --output: the file has the bytes");
  }
  const isFollowing = follow || until !== undefined || output !== undefined || exitCode;
  if (timeout !== undefined && !isFollowing) {
    throw new UsageError("--timeout needs -f, --until, --output or --exit-code");
  }
}

function isOneFile(output: string, resumeFile: string): boolean {
  return [resumeFile, temporaryFile(resumeFile)].some((file) => resolve(file) === resolve(output));
}

const STREAMS = {
  stdout: "OUTPUT_STREAM_STDOUT",
  stderr: "OUTPUT_STREAM_STDERR",
  both: "OUTPUT_STREAM_COMBINED",
} as const;

/** What a signal asks for, once what has come is saved. */
class Interrupted extends Error {
  readonly signal: EndingSignal;

  constructor(signal: EndingSignal) {
    super(`ended by ${signal}`);
    this.signal = signal;
  }
}

class Logs {
  readonly #session: Session;
  readonly #name: string;
  readonly #options: LogsOptions;
  readonly #progress: Progress;
  readonly #stop = new AbortController();

  constructor(session: Session, name: string, options: LogsOptions) {
    this.#session = session;
    this.#name = name;
    this.#options = options;
    this.#progress = session.progress;
  }

  /** @returns the exit code. */
  async show(): Promise<number> {
    const { follow, until, output, exitCode, timeout } = this.#options;
    if (!follow && until === undefined && output === undefined && !exitCode) {
      await this.#soFar();
      return 0;
    }
    const { client } = this.#session;
    this.#progress.follow(() => client.getProcess(this.#name, { timeoutMs: 5_000 }));
    const late = new CliError("the time is over (--timeout); the process is left as it is", {
      exitCode: EXIT.timeout,
    });
    const stopTimer =
      timeout === undefined ? undefined : startTimer(timeout, () => this.#stop.abort(late));
    try {
      const code = await about(this.#name, this.#follow());
      if (code !== undefined || !exitCode) {
        return code ?? 0;
      }
      const { signal } = this.#stop;
      return exitCodeOf(await about(this.#name, client.waitProcess(this.#name, { signal })));
    } finally {
      stopTimer?.();
    }
  }

  get #stream(): OutputStream {
    return STREAMS[this.#options.stream ?? "both"];
  }

  #isWanted(stream: ProcessStream): boolean {
    return this.#stream === "OUTPUT_STREAM_COMBINED" || this.#stream === stream;
  }

  async #soFar(): Promise<void> {
    const frames = await about(this.#name, this.#frames());
    if (frames === undefined) {
      await about(this.#name, this.#follow());
      return;
    }
    for (const frame of frames) {
      await this.#show(frame);
    }
  }

  /** What there is so far; undefined where it is more than one answer carries, and all of it. */
  async #frames(): Promise<readonly OutputFrame[] | undefined> {
    const { client } = this.#session;
    try {
      return await client.readOutputFrames(this.#name);
    } catch (error) {
      if (!(error instanceof ConnectError && error.code === Code.ResourceExhausted)) {
        throw error;
      }
      if (!isFinished(await client.getProcess(this.#name))) {
        const text = "has written more than one answer can carry, and goes on; follow it with -f";
        throw new CliError(text, { cause: error });
      }
      return undefined;
    }
  }

  async #show(frame: OutputFrame): Promise<void> {
    if (!this.#isWanted(frame.stream)) {
      return;
    }
    if (this.#options.json) {
      await printJson(outputJson(frame));
    } else {
      await write(this.#target(frame.stream), frame.data);
    }
  }

  #target(stream: ProcessStream): NodeJS.WriteStream {
    return stream === "OUTPUT_STREAM_STDERR" ? process.stderr : process.stdout;
  }

  /** @returns the exit code where it is not the process's. */
  async #follow(): Promise<number | undefined> {
    const { until, json, output, resumeFile } = this.#options;
    const { client } = this.#session;
    const { signal } = this.#stop;
    if (output !== undefined && resumeFile !== undefined) {
      return await this.#copy(output, resumeFile);
    }
    if (until) {
      return await this.#until(until);
    }
    if (json) {
      for await (const chunk of client.streamOutput(this.#name, { signal })) {
        this.#progress.output();
        await this.#show(chunk);
      }
      return undefined;
    }
    const into = (stream: ProcessStream) =>
      this.#isWanted(stream) ? this.#progress.watched(this.#target(stream)) : undefined;
    await client.pipeOutput(this.#name, {
      stdout: into("OUTPUT_STREAM_STDOUT"),
      stderr: into("OUTPUT_STREAM_STDERR"),
      signal,
    });
    return undefined;
  }

  /** Shows the output up to the end of the first line that matches, byte for byte. */
  async #until(expression: RegExp): Promise<number> {
    const { signal } = this.#stop;
    const searches = {
      OUTPUT_STREAM_STDOUT: new LineSearch(expression),
      OUTPUT_STREAM_STDERR: new LineSearch(expression),
    };
    for await (const { stream, data } of this.#session.client.streamOutput(this.#name, {
      signal,
    })) {
      if (this.#isWanted(stream)) {
        const end = searches[stream].push(data);
        const target = this.#target(stream);
        this.#progress.output(data, target);
        await write(target, data.subarray(0, end));
        if (end !== undefined) {
          return 0;
        }
      }
    }
    const streams = ["OUTPUT_STREAM_STDOUT", "OUTPUT_STREAM_STDERR"] as const;
    const isLast = streams.some((stream) => this.#isWanted(stream) && searches[stream].end());
    return isLast ? 0 : EXIT.failure;
  }

  async #copy(output: string, resumeFile: string): Promise<number | undefined> {
    const stopSignals = onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) =>
      this.#stop.abort(new Interrupted(signal)),
    );
    try {
      await durableCopy({
        client: this.#session.client,
        name: this.#name,
        stream: this.#stream,
        output,
        resumeFile,
        signal: this.#stop.signal,
        fs,
        onOutput: () => this.#progress.output(),
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof Interrupted)) {
        throw error;
      }
      aside(`saved: the same command goes on with ${output}`);
      return exitCodeOfSignal(error.signal);
    } finally {
      stopSignals();
    }
  }
}
