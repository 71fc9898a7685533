// @ts-check
import { ProcessClient } from "aiem-process-client";

/**
 * @param {import("./contender.mjs").Target} target
 * @param {import("aiem-process-client").ClientOptions} options
 * @returns {import("./contender.mjs").Contender}
 */
export function open({ url, token }, options) {
  const client = new ProcessClient({ aiemUrl: url, tokenProvider: () => token }, options);
  return {
    chunks: (name) => client.streamOutput(name),
    lines: (name) => client.streamLines(name),
    pipe: (name, stdout, signal) => client.pipeOutput(name, { stdout, signal }),
    get: (name) => client.getProcess(name),
    wait: (name) => client.waitProcess(name),
    read: (name) => client.readOutput(name),
    async run(parent, command, args) {
      const { stdout } = await client.runProcess(parent, { command, args });
      return stdout.text();
    },
    close: () => client.close(),
  };
}
