import type { CallOptions } from "../call/call-options.js";
import { getCall } from "../call/look.js";
import { type Caller, run } from "../call/run.js";
import type { Process } from "../model/process.js";
import { checkCallOptions } from "../rules/methods.js";
import { requireProcessName } from "../rules/names.js";

/** See `ProcessClient.getProcess`. */
export async function getProcess(
  caller: Caller,
  name: string,
  options: CallOptions,
): Promise<Process> {
  requireProcessName("name", name);
  checkCallOptions(options);
  return await run(caller, getCall(name, options.headers), options);
}
