import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Process,
  Process_State,
  ProcessSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { copyProcessSpec } from "./process-spec.js";
import type { CommandEnd } from "./runner/runner.js";

/** What is known of a process: what was asked for, and how far it is. It only moves forward. */
export class ProcessRecord {
  readonly name: string;
  readonly spec: Process;
  readonly #createdAt: number;
  #state: Process_State = Process_State.PENDING;
  #exitCode: number | undefined;
  #startedAt: number | undefined;
  #endedAt: number | undefined;

  /** @param createdAt milliseconds since the Unix epoch, as all times here. */
  constructor(name: string, spec: Process, createdAt: number) {
    this.name = name;
    this.spec = spec;
    this.#createdAt = createdAt;
  }

  get state(): Process_State {
    return this.#state;
  }

  /** Whether nothing will change any more. */
  get isFinal(): boolean {
    return this.#endedAt !== undefined;
  }

  /** The program was started. */
  start(at: number): void {
    // Not before its creation, even where the machine's clock was set back.
    this.#startedAt = Math.max(at, this.#createdAt);
    this.#state = Process_State.RUNNING;
  }

  /** The program has ended, and its output was captured. */
  end(at: number, end: CommandEnd): void {
    this.#exitCode = "signal" in end ? 128 + end.signal : end.exitCode;
    this.#state = this.#exitCode === 0 ? Process_State.SUCCEEDED : Process_State.FAILED;
    this.#endedAt = Math.max(at, this.#startedAt ?? this.#createdAt);
  }

  /** A fresh message. */
  toMessage(): Process {
    return create(ProcessSchema, {
      ...copyProcessSpec(this.spec),
      name: this.name,
      state: this.#state,
      createTime: timestampFromMs(this.#createdAt),
      ...(this.#exitCode !== undefined && { exitCode: this.#exitCode }),
      ...(this.#startedAt !== undefined && { startTime: timestampFromMs(this.#startedAt) }),
      ...(this.#endedAt !== undefined && { endTime: timestampFromMs(this.#endedAt) }),
    });
  }
}
