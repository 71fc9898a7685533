import { join } from "node:path";
import type { ConnectError } from "@connectrpc/connect";
import type { Process } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { formatProcessName, isProcessId } from "../../model/resource-names.js";
import type { EngineDependencies } from "./dependencies.js";
import type { EngineState } from "./engine-options.js";
import { EngineProcess } from "./engine-process.js";
import { listPage, type PageRequest } from "./list-page.js";
import { prepareCommand } from "./prepare-command.js";
import { ProcessRecord } from "./process-record.js";
import { type CheckedSpec, checkProcessSpec } from "./process-spec.js";
import {
  alreadyExists,
  failedPrecondition,
  invalidArgument,
  notFound,
  reasonOf,
  shown,
} from "./refusals.js";
import type { Command } from "./runner/runner.js";

/** What an engine is made with. */
export interface SandboxEngineOptions {
  readonly name: string;
  readonly creator: string;
  readonly state: EngineState;
  readonly rootDirectory: string;
  readonly maxSpoolBytes: number;
  readonly dependencies: EngineDependencies;
  /** The directory for the captured output; asked for when the first of it is stored. */
  spoolDirectory(): string;
}

/** A SandboxEngine and its processes. Errors are `ConnectError`s. */
export class SandboxEngine {
  /** The resource name. */
  readonly name: string;
  /** Who created it: nobody else can see it. */
  readonly creator: string;
  /** The directory on this machine that the engine's processes have as `/` and as HOME. */
  readonly rootDirectory: string;
  readonly #options: SandboxEngineOptions;
  readonly #byName = new Map<string, EngineProcess>();
  /** In the order of creation. */
  readonly #inOrder: EngineProcess[] = [];
  /** The names of processes that are being created. */
  readonly #reserved = new Set<string>();
  #state: EngineState;
  #created = 0;

  constructor(options: SandboxEngineOptions) {
    this.name = options.name;
    this.creator = options.creator;
    this.rootDirectory = options.rootDirectory;
    this.#options = options;
    this.#state = options.state;
  }

  /** The state now; see `Engines.setState`. */
  get state(): EngineState {
    return this.#state;
  }

  /**
   * Creates a process, and starts it at once where `autoRun` is set.
   * @param spec what to run; its output-only fields are ignored.
   * @throws INVALID_ARGUMENT where a field breaks its rule, ALREADY_EXISTS where the id is taken,
   * FAILED_PRECONDITION where it cannot be started. Nothing is created then.
   */
  async createProcess(
    spec: Process,
    { processId, autoRun }: { processId: string; autoRun: boolean },
  ): Promise<EngineProcess> {
    this.assertRunning();
    if (processId !== "" && !isProcessId(processId)) {
      throw invalidArgument(
        `process_id ${shown(processId)} must be 1 to 63 of [a-z0-9-], the first and the last alphanumeric`,
      );
    }
    const checked = checkProcessSpec(spec);
    const id = processId === "" ? this.#options.dependencies.randomId() : processId;
    const name = formatProcessName(this.name, id);
    if (this.#byName.has(name) || this.#reserved.has(name)) {
      throw alreadyExists(`${name} exists already: choose another process_id`);
    }
    this.#reserved.add(name);
    try {
      if (!autoRun) {
        return this.#add(name, checked);
      }
      const command = this.#prepare(checked.spec);
      return await this.#addStarted(name, checked, command);
    } finally {
      this.#reserved.delete(name);
    }
  }

  /**
   * The process with this resource name.
   * @throws NOT_FOUND where there is none.
   */
  getProcess(name: string): EngineProcess {
    const process = this.#byName.get(name);
    if (process === undefined) {
      throw notFound(`process ${shown(name)} was not found`);
    }
    return process;
  }

  /**
   * One page of the processes, newest first: 50 by default, 1000 at most.
   * @throws INVALID_ARGUMENT on a page size, a token or a filter that cannot be used.
   */
  listProcesses(request: PageRequest): { processes: EngineProcess[]; nextPageToken: string } {
    const { page, nextPageToken } = listPage(this.#inOrder, this.name, request);
    return { processes: page, nextPageToken };
  }

  /** @throws FAILED_PRECONDITION unless the engine is RUNNING. */
  assertRunning(): void {
    if (this.#state === "STATE_RUNNING") {
      return;
    }
    throw failedPrecondition(`engine ${this.name} is not in running state: it is ${this.#state}`);
  }

  /**
   * Enters a state. One that is not RUNNING kills the processes; resolves when they have ended.
   * @throws {Error} naming the sessions that are left.
   */
  async enterState(state: EngineState): Promise<void> {
    this.#state = state;
    if (state === "STATE_RUNNING") {
      return;
    }
    await settleAll(this.#inOrder.map((process) => process.end()));
  }

  /**
   * Ends and removes every process; waiters and followers get this error.
   * @throws {Error} naming the sessions that are left.
   */
  async remove(removal: ConnectError): Promise<void> {
    this.#state = "STATE_DELETING";
    await settleAll(this.#inOrder.map((process) => process.remove(removal)));
  }

  #add(name: string, { spec, bytes }: CheckedSpec): EngineProcess {
    const { dependencies, maxSpoolBytes, spoolDirectory } = this.#options;
    const record = new ProcessRecord(name, spec, dependencies.clock.now());
    this.#created += 1;
    const process = new EngineProcess({
      record,
      specBytes: bytes,
      creationNumber: this.#created,
      dependencies,
      spool: {
        maxBytes: maxSpoolBytes,
        path: () => join(spoolDirectory(), `${dependencies.randomId()}.spool`),
      },
      prepare: () => this.#prepare(spec),
    });
    this.#byName.set(name, process);
    this.#inOrder.push(process);
    return process;
  }

  async #addStarted(name: string, checked: CheckedSpec, command: Command): Promise<EngineProcess> {
    const process = this.#add(name, checked);
    try {
      await process.start(command);
      return process;
    } catch (error) {
      this.#byName.delete(name);
      this.#inOrder.splice(this.#inOrder.indexOf(process), 1);
      await process.remove(notFound(`process ${shown(name)} was not created`));
      throw error;
    }
  }

  #prepare(spec: Process): Command {
    this.assertRunning();
    return prepareCommand(spec, this.rootDirectory, this.#options.dependencies.secrets);
  }
}

/**
 * Waits until all are settled, and only then throws what went wrong: nothing goes on behind the
 * caller's back.
 * @throws the only failure, or an AggregateError that says what each of several said.
 */
export async function settleAll(promises: readonly Promise<unknown>[]): Promise<void> {
  const failures: unknown[] = [];
  for (const outcome of await Promise.allSettled(promises)) {
    if (outcome.status === "rejected") {
      failures.push(outcome.reason);
    }
  }
  if (failures.length === 1) {
    throw failures[0];
  }
  if (failures.length > 1) {
    throw new AggregateError(failures, failures.map(reasonOf).join("; "));
  }
}
