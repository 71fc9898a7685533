import { Code } from "@connectrpc/connect";
import type { Process } from "../model/process.js";
import { hideFromInspection } from "./hide-from-inspection.js";
import type { OutputSoFar } from "./wait-timeout-error.js";

/**
 * `runProcess` came to a limit before the end of the output, as a rule to the room that the server has
 * for it. The process may go on.
 */
export class OutputLimitError extends Error {
  /** Always `"OutputLimitError"`. */
  override readonly name = "OutputLimitError";
  /** Always `Code.ResourceExhausted`. */
  readonly code = Code.ResourceExhausted;
  /** The process when it was last seen. */
  readonly process: Process;
  /** The output up to the limit. */
  readonly output: OutputSoFar;

  /** @param reason what the limit is. */
  constructor(process: Process, output: OutputSoFar, reason: string, options: ErrorOptions = {}) {
    super(`the output of process ${process.name} came to a limit: ${reason}`, options);
    this.process = process;
    this.output = output;
    hideFromInspection(this, "process", "output");
  }
}
