import { create } from "@bufbuild/protobuf";
import { type Process, ProcessSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { Engines } from "../../../src/stub/engine/engines.js";
import type { SandboxEngine } from "../../../src/stub/engine/sandbox-engine.js";
import { MemorySpool } from "../../support/memory-spool.js";
import type { ProcessScript } from "../world/process-script.js";
import { ScriptedRunner } from "../world/scripted-runner.js";
import type { VirtualTime } from "../world/virtual-time.js";

export const PARENT = "workspaces/w/sandboxEngines/e";
export const CREATOR = "users/simulated";

// Prepared, so that the engine does not look at the machine's file system.
const COMMAND = { command: "simulated", args: [], workingDirectory: "/", environment: {} };

/** An engine in memory, and what can be seen of it from behind. */
export class EngineHost {
  readonly engines: Engines;
  readonly runner: ScriptedRunner;
  readonly #engine: SandboxEngine;
  readonly #spools: MemorySpool[] = [];
  readonly #time: VirtualTime;

  constructor(time: VirtualTime, script: ProcessScript) {
    this.#time = time;
    this.runner = new ScriptedRunner(time, script);
    this.engines = new Engines({
      defaultCreator: CREATOR,
      dependencies: {
        clock: {
          now: () => time.date,
          schedule: (delayMs, callback) => time.schedule(delayMs, callback),
        },
        runner: this.runner,
        createSpool: ({ onReadable }) => {
          const spool = new MemorySpool(onReadable);
          this.#spools.push(spool);
          return spool;
        },
      },
    });
    this.#engine = this.engines.create(PARENT, { rootDirectory: "/" });
  }

  /** Every process of the engine, as it is now. */
  get processes(): Process[] {
    const request = { pageSize: 0, pageToken: "", filter: "" };
    return this.#engine.listProcesses(request).processes.map((process) => process.snapshot());
  }

  /** How many readers the outputs have. */
  get readers(): number {
    return this.#spools.reduce((sum, spool) => sum + spool.readers, 0);
  }

  /** Makes a process without a client, and starts it after a while; never if that is undefined. */
  async prepare(processId: string, startAfterMs: number | undefined): Promise<string> {
    const spec = create(ProcessSchema, { command: "simulated" });
    const process = await this.#engine.createProcess(spec, { processId, autoRun: false });
    if (startAfterMs === 0) {
      await process.start(COMMAND);
    } else if (startAfterMs !== undefined) {
      this.#time.schedule(startAfterMs, () => void process.start(COMMAND));
    }
    return process.name;
  }
}
