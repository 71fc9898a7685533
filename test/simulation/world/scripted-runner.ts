import { constants } from "node:os";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type {
  Command,
  CommandEnd,
  OutputSink,
  Runner,
  RunningCommand,
} from "../../../src/stub/engine/runner/runner.js";
import type { ProcessScript } from "./process-script.js";
import type { VirtualTime } from "./virtual-time.js";
import { writtenBytes } from "./written-bytes.js";

const { SIGTERM, SIGKILL } = constants.signals;

/** Runs scripts in place of programs, and counts what is done to them. */
export class ScriptedRunner implements Runner {
  /** How many processes were started. */
  starts = 0;
  /** The signals that were delivered, in order. */
  readonly signals: number[] = [];
  /** How many bytes were written so far, by stream. */
  readonly written = { [OutputStream.STDOUT]: 0, [OutputStream.STDERR]: 0 };
  readonly #time: VirtualTime;
  readonly #script: ProcessScript;

  constructor(time: VirtualTime, script: ProcessScript) {
    this.#time = time;
    this.#script = script;
  }

  async run(_command: Command, sink: OutputSink): Promise<RunningCommand> {
    this.starts += 1;
    let end: (end: CommandEnd) => void = () => undefined;
    const ended = new Promise<CommandEnd>((resolve) => {
      end = resolve;
    });
    const state = { ended: false, cancel: () => {} };
    const finish = (how: CommandEnd) => {
      state.cancel();
      state.ended = true;
      this.#time.schedule(this.#script.drainMs, () => end(how));
    };
    this.#write(0, sink, state, finish);
    return {
      ended,
      signal: (signal) => this.#signal(signal, state, finish),
      kill: async () => {
        this.#signal(SIGKILL, state, finish);
        await ended;
      },
    };
  }

  #write(
    index: number,
    sink: OutputSink,
    state: { cancel: () => void },
    finish: (end: CommandEnd) => void,
  ): void {
    const { writes, end } = this.#script;
    const next = writes[index];
    if (next) {
      state.cancel = this.#time.schedule(next.afterMs, () => {
        const { stream, bytes } = next;
        void sink.write(stream, writtenBytes(stream, this.written[stream], bytes));
        this.written[stream] += bytes;
        this.#write(index + 1, sink, state, finish);
      });
    } else if (end !== "never") {
      state.cancel = this.#time.schedule(end.afterMs, () => finish({ exitCode: end.exitCode }));
    } else {
      state.cancel = () => undefined;
    }
  }

  #signal(signal: number, state: { ended: boolean }, finish: (end: CommandEnd) => void): boolean {
    if (state.ended) {
      return false;
    }
    this.signals.push(signal);
    const { onTerm } = this.#script;
    if (signal === SIGKILL || (signal === SIGTERM && onTerm === "dies")) {
      finish({ signal });
    } else if (signal === SIGTERM && typeof onTerm === "object") {
      const { afterMs, exitCode } = onTerm;
      this.#time.schedule(afterMs, () => state.ended || finish({ exitCode }));
    }
    return true;
  }
}
