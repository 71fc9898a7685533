import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  type FinishedProcess,
  type Process,
  ProcessClient,
  type ProcessResult,
  WaitTimeoutError,
} from "../../../src/index.js";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { collect } from "../../support/collect.js";
import { shell } from "../../support/commands.js";
import { texts } from "../../support/output.js";

/** What a client made of one call to a server whose truth is known. */
export interface Answer {
  readonly call: string;
  /** `wrong` is a value that is not the truth, or the wrong effect, without an error. */
  readonly verdict: "right" | "refused" | "wrong";
  /** The error of what was refused. */
  readonly error?: unknown;
  /** What was told instead of the truth. */
  readonly told?: unknown;
}

interface Question {
  readonly ask: (client: ProcessClient) => Promise<unknown>;
  /** What may be told; nothing where the call did not do what it is for. Asked after `ask`. */
  readonly truths: () => Promise<readonly unknown[]>;
}

const SECRET = "workspaces/truth/secrets/key/versions/1";
const SPEC = {
  command: "/bin/sh",
  args: ["-c", "sleep 600"],
  workingDirectory: "/",
  environmentVariables: { ONE: "1", TWO: "2" },
  secretEnvironmentVariables: { KEY: { secretVersion: SECRET } },
};
const RUNNING = shell("echo out; echo err >&2; exec sleep 600");
const DEAF = shell("trap '' TERM; echo deaf; while :; do sleep 600; done");
const exiting = (code: number) => shell(`echo out; echo err >&2; exit ${code}`);
// The codes that are also numbers of states, and 137.
const EXIT_CODES = [0, 1, 2, 3, 4, 137];
// A wait that is to end without the process, and more than any answer takes.
const SHORT_MS = 300;
const LONG_MS = 10_000;

/** A stub with processes in every state, and a client that tells the truth of them. */
export class Truth implements AsyncDisposable {
  readonly stub: StubServer;
  readonly #direct: ProcessClient;
  readonly #kept: string;
  readonly #changed: string;
  readonly #processes: readonly Process[];

  private constructor(
    stub: StubServer,
    direct: ProcessClient,
    kept: string,
    changed: string,
    processes: readonly Process[],
  ) {
    this.stub = stub;
    this.#direct = direct;
    this.#kept = kept;
    this.#changed = changed;
    this.#processes = processes;
  }

  static async prepare(): Promise<Truth> {
    const kept = "workspaces/truth/sandboxEngines/kept";
    const changed = "workspaces/truth/sandboxEngines/changed";
    const secrets = { [SECRET]: "secret" };
    const stub = await startStubServer({ engines: [kept, changed], secrets });
    const direct = new ProcessClient(stub.connection, { protocol: "grpc" });
    const finished: Process[] = [];
    for (const code of EXIT_CODES) {
      const { process } = await direct.runProcess(kept, exiting(code));
      finished.push(process);
    }
    const running = await direct.createProcess(kept, RUNNING, { autoRun: true });
    await written(direct, running.name);
    const pending = await direct.createProcess(kept, SPEC);
    return new Truth(stub, direct, kept, changed, [...finished, running, pending]);
  }

  /**
   * Calls everything, one after the other. The calls' own limits end what hangs. Several clients can
   * be asked at once.
   */
  async answers(client: ProcessClient): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const [call, prepare] of Object.entries(this.#questions())) {
      const question = await prepare();
      answers.push({ call, ...(await answerOf(question, client)) });
    }
    return answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#direct.close();
    await this.stub.close();
  }

  #questions(): Record<string, () => Promise<Question>> {
    const { name: running } = this.#process("STATE_RUNNING");
    const { name: failed } = this.#process("STATE_FAILED");
    return {
      ...Object.fromEntries(this.#processes.flatMap((process) => this.#reads(process))),
      "listProcesses, one page": this.#same(async (client) => {
        const { processes } = await client.listProcesses(this.#kept, { pageSize: 3 });
        return processes.map(({ name }) => name);
      }),
      "listAllProcesses in pages": this.#same((client) =>
        names(client.listAllProcesses(this.#kept, { pageSize: 3 })),
      ),
      "listAllProcesses of a state": this.#same((client) =>
        names(client.listAllProcesses(this.#kept, { filter: "state = STATE_RUNNING" })),
      ),
      "readOutput of STDOUT": this.#same((client) =>
        client.readOutput(failed, { outputStream: "OUTPUT_STREAM_STDOUT" }),
      ),
      "readOutput of STDERR": this.#same((client) =>
        client.readOutput(failed, { outputStream: "OUTPUT_STREAM_STDERR" }),
      ),
      "readOutput of COMBINED": this.#same((client) => client.readOutput(failed)),
      readOutputFrames: this.#same((client) => client.readOutputFrames(failed)),
      streamOutput: this.#same((client) => streamed(client, failed)),
      "streamOutput without the replay": this.#same((client) => streamed(client, failed, true)),
      "waitProcess of one that runs": async () => ({
        ask: (client) => client.waitProcess(running, { timeoutMs: SHORT_MS }),
        // The limit is an error.
        truths: async () => [],
      }),
      createProcess: this.#creates("STATE_PENDING"),
      "createProcess with autoRun": this.#creates("STATE_RUNNING"),
      startProcess: async () => {
        const { name } = await this.#direct.createProcess(this.#changed, SPEC);
        return {
          ask: (client) => client.startProcess(name),
          truths: async () => [await this.#direct.getProcess(name)],
        };
      },
      sendSignal: async () => {
        const before = await this.#direct.createProcess(this.#changed, SPEC, { autoRun: true });
        return {
          ask: (client) => client.sendSignal(before.name, "SIGTERM"),
          truths: async () => {
            const after = await this.#ended(before.name);
            return after?.exitCode === 128 + 15 ? [before, after] : [];
          },
        };
      },
      terminateProcess: async () => {
        const { name } = await this.#direct.createProcess(this.#changed, DEAF, { autoRun: true });
        await written(this.#direct, name);
        return {
          ask: (client) => client.terminateProcess(name, { graceMs: SHORT_MS, timeoutMs: LONG_MS }),
          truths: async () => {
            const after = await this.#ended(name);
            return after?.exitCode === 128 + 9 ? [after] : [];
          },
        };
      },
      runProcess: async () => ({
        ask: (client) =>
          client.runProcess(this.#changed, exiting(3), { timeoutMs: LONG_MS }).then(shown),
        truths: async () => [{ ok: false, exitCode: 3, stdout: "out\n", stderr: "err\n" }],
      }),
    };
  }

  /** The calls about one process that change nothing. */
  #reads({ name, state, exitCode }: Process): [call: string, () => Promise<Question>][] {
    const of = exitCode === undefined ? state : `${state} with ${exitCode}`;
    const get = this.#same((client) => client.getProcess(name));
    const wait = this.#same((client) => client.waitProcess(name, { timeoutMs: LONG_MS }));
    const got: [string, () => Promise<Question>] = [`getProcess of ${of}`, get];
    return exitCode === undefined ? [got] : [got, [`waitProcess of ${of}`, wait]];
  }

  #same(ask: (client: ProcessClient) => Promise<unknown>): () => Promise<Question> {
    return async () => ({ ask, truths: async () => [await ask(this.#direct)] });
  }

  #process(state: Process["state"]): Process {
    const found = this.#processes.find((process) => process.state === state);
    if (found === undefined) {
      throw new Error(`no process is ${state}`);
    }
    return found;
  }

  #creates(state: Process["state"]): () => Promise<Question> {
    const processId = randomUUID();
    return async () => ({
      ask: (client) =>
        client.createProcess(this.#changed, SPEC, {
          processId,
          autoRun: state === "STATE_RUNNING",
        }),
      truths: async () => {
        const { processes } = await this.#direct.listProcesses(this.#changed, { pageSize: 1000 });
        // Is what was created what was asked for?
        return processes.filter((process) => {
          // The empty one is the root, too.
          const workingDirectory = process.workingDirectory || SPEC.workingDirectory;
          const isAsked = isDeepStrictEqual(
            { ...process, workingDirectory },
            { ...process, ...SPEC, state },
          );
          return process.name.endsWith(`/${processId}`) && isAsked;
        });
      },
    });
  }

  async #ended(name: string): Promise<FinishedProcess | undefined> {
    try {
      return await this.#direct.waitProcess(name, { timeoutMs: 1_000 });
    } catch (error) {
      if (error instanceof WaitTimeoutError) {
        return undefined;
      }
      throw error;
    }
  }
}

async function answerOf(
  { ask, truths }: Question,
  client: ProcessClient,
): Promise<Omit<Answer, "call">> {
  let told: unknown;
  try {
    told = await ask(client);
  } catch (error) {
    return { verdict: "refused", error };
  }
  const right = (await truths()).some((truth) => isDeepStrictEqual(told, truth));
  return right ? { verdict: "right" } : { verdict: "wrong", told };
}

async function written(client: ProcessClient, name: string): Promise<void> {
  for await (const _ of client.streamOutput(name)) {
    return;
  }
}

async function names(processes: AsyncIterable<Process>): Promise<string[]> {
  return (await collect(processes)).map(({ name }) => name);
}

/** By stream: the order of two streams is the server's to choose. */
async function streamed(client: ProcessClient, name: string, skipReplay = false) {
  return texts(await collect(client.streamOutput(name, { skipReplay })));
}

function shown({ ok, exitCode, stdout, stderr }: ProcessResult) {
  return { ok, exitCode, stdout: stdout.text(), stderr: stderr.text() };
}
