import { Code } from "@connectrpc/connect";
import type { Process as ProcessMessage } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { shownValue } from "../errors/invalid-input-error.js";
import { type Failure, failed, type Outcome } from "../errors/outcome.js";
import type { Process } from "../model/process.js";
import { processFromMessage } from "../model/process-message.js";
import { formatProcessName, isNamed, matchProcessName } from "../model/resource-names.js";

/**
 * Reads the process that an answer must hold: the one that was asked about. What follows an answer,
 * a stream of output or a signal, goes to the name in it; a server, or a cache before it, that mixes
 * up its answers must not decide which process that is.
 */
export function processOf(
  outcome: Outcome<{ readonly process?: ProcessMessage | undefined }>,
  name: string,
): Outcome<Process> {
  if (!outcome.ok) {
    return outcome;
  }
  const { process } = outcome.value;
  if (!process) {
    return failed({
      kind: "unreadable",
      code: Code.Internal,
      message: "the server's answer has no process",
    });
  }
  return isNamed(name, process.name)
    ? { ok: true, value: processFromMessage(process) }
    : failed(aboutAnother(process.name, name));
}

/** Reads the processes of a list, which must be those of its parent. */
export function processesOf(
  processes: readonly ProcessMessage[],
  parent: string,
): Outcome<readonly Process[]> {
  const other = processes.find(({ name }) => !isUnder(parent, name));
  return other
    ? failed(aboutAnother(other.name, formatProcessName(parent, "…")))
    : { ok: true, value: processes.map(processFromMessage) };
}

function isUnder(parent: string, name: string): boolean {
  const id = matchProcessName(name)?.process;
  return id !== undefined && isNamed(formatProcessName(parent, id), name);
}

// Final, also where it may have had its effect: what else that server says is not to be trusted.
function aboutAnother(name: string, asked: string): Failure {
  const what = name === "" ? "a process without a name" : `the process ${shownValue(name)}`;
  const message = `the server was asked about ${asked}, and answered with ${what}`;
  return { kind: "status", code: Code.Internal, message, mismatch: true };
}
