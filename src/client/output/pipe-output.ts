import { checkPipeOptions } from "../../rules/methods.js";
import { requireProcessName } from "../../rules/names.js";
import type { Rpc } from "../rpc.js";
import { callScope } from "../unary.js";
import { OutputFollower } from "./live-output.js";
import { OutputSinks, type OutputWritables } from "./output-sinks.js";
import type { StreamOutputOptions } from "./stream-output-options.js";

/** Options of `pipeOutput`. */
export interface PipeOutputOptions extends StreamOutputOptions, OutputWritables {}

/** See `ProcessClient.pipeOutput`. */
export async function pipeOutput(
  rpc: Rpc,
  name: string,
  options: PipeOutputOptions,
): Promise<void> {
  requireProcessName("name", name);
  checkPipeOptions(options);
  const { stdout, stderr, signal, timeoutMs, ...follow } = options;
  const scope = callScope(rpc, `piping the output of ${name}`, { signal, timeoutMs });
  const sinks = new OutputSinks({ stdout, stderr }, (reason) => scope.abort(reason));
  const output = new OutputFollower(rpc, name, {
    ...follow,
    signal: scope.signal,
  });
  try {
    for await (const chunk of output) {
      await sinks.write(chunk, scope.signal);
    }
    await sinks.flush(scope.signal);
  } finally {
    sinks.release();
    scope.release();
  }
}
