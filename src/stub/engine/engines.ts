import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { ConnectError } from "@connectrpc/connect";
import { matchEngineName } from "../../model/resource-names.js";
import { checkStubOptions } from "../check-options.js";
import { systemClock } from "./clock.js";
import type { EngineDependencies } from "./dependencies.js";
import {
  type CreateEngineOptions,
  ENGINE_OPTION_RULES,
  type EngineState,
  requireEngineState,
} from "./engine-options.js";
import { notFound, shown } from "./refusals.js";
import { OsRunner } from "./runner/os-runner.js";
import { Watchdog } from "./runner/watchdog.js";
import { SandboxEngine, settleAll } from "./sandbox-engine.js";
import { StoredSecrets } from "./secrets.js";
import { FileSpool, SmallOutputs } from "./spool/file-spool.js";
import { onProgramExit, removeDirectory, TemporaryDirectory } from "./temporary-directory.js";

const DEFAULT_MAX_SPOOL_BYTES = 2 * 1024 ** 3;

/** How to make engines. */
export interface EnginesOptions {
  /** The creator of the engines that name none. */
  readonly defaultCreator: string;
  /**
   * The value of each secret version, by its resource name, oldest first.
   * @default none
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /**
   * The most bytes of output to capture of one process; beyond them its pipes are closed.
   * @default 2 GiB
   */
  readonly maxSpoolBytes?: number;
  /**
   * What to use in place of the machine's clock, processes and files.
   * @default the machine's own
   */
  readonly dependencies?: Partial<EngineDependencies>;
}

interface Entry {
  readonly engine: SandboxEngine;
  readonly ownsRoot: boolean;
}

/** The SandboxEngines of one stub. They run real processes of this machine, and isolate nothing. */
export class Engines {
  readonly #options: EnginesOptions;
  readonly #directory = new TemporaryDirectory();
  readonly #ownRunner: OsRunner;
  readonly #dependencies: EngineDependencies;
  readonly #entries = new Map<string, Entry>();
  /** Deletions that are under way. */
  readonly #removals = new Set<Promise<void>>();
  #offExit: (() => void) | undefined;
  #watchdog: Watchdog | undefined;
  #closing: Promise<void> | undefined;

  /** @throws {TypeError} on a secret or a limit that cannot be used. */
  constructor(options: EnginesOptions) {
    this.#options = options;
    const { maxSpoolBytes = DEFAULT_MAX_SPOOL_BYTES } = options;
    if (!Number.isSafeInteger(maxSpoolBytes) || maxSpoolBytes < 0) {
      throw new TypeError(`maxSpoolBytes ${maxSpoolBytes} must be a whole number of bytes`);
    }
    const clock = options.dependencies?.clock ?? systemClock;
    const smallOutputs = new SmallOutputs();
    this.#ownRunner = new OsRunner(
      clock,
      () => this.#inside("fifos"),
      (session, startTime) => this.#watchdog?.watch(session, startTime),
    );
    this.#dependencies = {
      randomId: randomUUID,
      runner: this.#ownRunner,
      createSpool: (spoolOptions) => new FileSpool(spoolOptions, smallOutputs),
      secrets: new StoredSecrets(options.secrets ?? {}),
      ...options.dependencies,
      clock,
    };
  }

  /**
   * Makes an engine.
   * @throws {TypeError} on a bad or taken name, on what is no state, and on a root directory that
   * does not exist.
   */
  create(name: string, options: CreateEngineOptions = {}): SandboxEngine {
    if (this.#closing !== undefined) {
      throw new TypeError("the engines are closed");
    }
    checkStubOptions<CreateEngineOptions>("engines.create", options, ENGINE_OPTION_RULES);
    if (matchEngineName(name) === undefined) {
      throw new TypeError(
        `engine name ${shown(name)} must be workspaces/{workspace}/sandboxEngines/{engine}`,
      );
    }
    if (this.#entries.has(name)) {
      throw new TypeError(`engine ${name} exists already`);
    }
    const engine = new SandboxEngine({
      name,
      creator: options.creator ?? this.#options.defaultCreator,
      state: options.state ?? "STATE_RUNNING",
      rootDirectory: this.#rootDirectory(options.rootDirectory),
      maxSpoolBytes: this.#options.maxSpoolBytes ?? DEFAULT_MAX_SPOOL_BYTES,
      dependencies: this.#dependencies,
      spoolDirectory: () => this.#inside("spools"),
    });
    this.#entries.set(name, { engine, ownsRoot: options.rootDirectory === undefined });
    return engine;
  }

  /** The engine with this name; undefined where there is none. */
  get(name: string): SandboxEngine | undefined {
    return this.#entries.get(name)?.engine;
  }

  /**
   * The engine with this name, for a call of `subject`.
   * @throws {ConnectError} NOT_FOUND unless `subject` created it, FAILED_PRECONDITION unless it is
   * RUNNING.
   */
  open(name: string, subject: string): SandboxEngine {
    const engine = this.get(name);
    // The same words for both: who did not create an engine must not learn that there is one.
    if (engine === undefined || engine.creator !== subject) {
      throw engineNotFound(name);
    }
    engine.assertRunning();
    return engine;
  }

  /**
   * Sets an engine's state. An engine that is not RUNNING kills its processes: resolves when they
   * have ended.
   * @throws {ConnectError} NOT_FOUND where there is no such engine; TypeError on what is no state;
   * Error, naming the sessions that are left.
   */
  async setState(name: string, state: EngineState): Promise<void> {
    requireEngineState("state", state);
    const engine = this.get(name);
    if (engine === undefined) {
      throw engineNotFound(name);
    }
    await engine.enterState(state);
  }

  /**
   * Deletes an engine with its processes and their output; whoever waits gets NOT_FOUND.
   * @throws {ConnectError} NOT_FOUND where there is no such engine; Error, naming the sessions
   * that are left.
   */
  async delete(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      throw engineNotFound(name);
    }
    this.#entries.delete(name);
    const removal = removeEntry(entry);
    this.#removals.add(removal);
    try {
      await removal;
    } finally {
      this.#removals.delete(removal);
    }
  }

  /**
   * Deletes every engine, and what they share. Can be called again.
   * @throws {Error} naming the sessions that are left, when all else is gone.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Whether one fails is seen in the removals.
    for (const name of [...this.#entries.keys()]) {
      this.delete(name).catch(() => {});
    }
    const removals = [...this.#removals];
    try {
      await settleAll([...removals, this.#closeShared(removals)]);
    } finally {
      this.#offExit?.();
    }
  }

  async #closeShared(removals: readonly Promise<void>[]): Promise<void> {
    await Promise.allSettled(removals);
    await this.#ownRunner.close();
    await this.#directory.remove();
    await this.#watchdog?.close();
  }

  /** A directory for this; no process is started before there is one. */
  #inside(name: string): string {
    // A program that ends without close() must not leave its processes and their output behind.
    this.#offExit ??= onProgramExit(() => {
      this.#ownRunner.killNow();
      this.#directory.removeNow();
    });
    // Nor one that ends without its exit hooks.
    this.#watchdog ??= new Watchdog(this.#directory.path);
    return this.#directory.inside(name);
  }

  #rootDirectory(given: string | undefined): string {
    if (given === undefined) {
      return this.#inside(`roots/${randomUUID()}`);
    }
    if (statSync(given, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new TypeError(`root directory ${JSON.stringify(given)} must be an existing directory`);
    }
    return resolve(given);
  }
}

async function removeEntry({ engine, ownsRoot }: Entry): Promise<void> {
  try {
    await engine.remove(engineNotFound(engine.name));
  } finally {
    if (ownsRoot) {
      await removeDirectory(engine.rootDirectory);
    }
  }
}

function engineNotFound(name: string): ConnectError {
  return notFound(`engine ${shown(name)} was not found`);
}
