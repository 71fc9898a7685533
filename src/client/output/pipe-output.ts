import type { Rpc } from "../rpc.js";
import { callScope } from "../unary.js";
import { OutputFollower } from "./live-output.js";
import { OutputSinks, type OutputWritables, requireWritables } from "./output-sinks.js";
import { requireStreamOutput, type StreamOutputOptions } from "./stream-output-options.js";

/** Options of `pipeOutput`. */
export interface PipeOutputOptions extends StreamOutputOptions, OutputWritables {}

/** See `ProcessClient.pipeOutput`. */
export async function pipeOutput(
  rpc: Rpc,
  name: string,
  options: PipeOutputOptions,
): Promise<void> {
  requireStreamOutput(name, options);
  requireWritables(options);
  const { signal, timeoutMs } = options;
  const scope = callScope(rpc, `piping the output of ${name}`, { signal, timeoutMs });
  const sinks = new OutputSinks(options, (reason) => scope.abort(reason));
  const output = new OutputFollower(rpc, name, {
    ...options,
    signal: scope.signal,
    timeoutMs: undefined,
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
