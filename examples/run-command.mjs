import { constants } from "node:os";
import { terminateOnSignal } from "./terminate-on-signal.mjs";

/**
 * Runs a command in an engine as if it ran here: its output goes to our stdout and stderr as it
 * comes, Ctrl-C ends it over there, and its exit code is returned.
 *
 * @param {import("aiem-process-client").ProcessClient} client
 * @param {string} parent the engine's name
 * @param {import("aiem-process-client").ProcessSpec} spec
 * @returns {Promise<number>} 128 + n after signal n, as a shell tells it
 */
export async function runCommand(client, parent, spec) {
  const created = client.createProcess(parent, spec, { autoRun: true });
  const interruption = terminateOnSignal(client, created);
  const { name } = await created;
  try {
    await client.pipeOutput(name, { stdout: process.stdout, stderr: process.stderr });
    const { exitCode } = await client.waitProcess(name);
    return interruption.exitCode ?? exitCode ?? 1;
  } catch (error) {
    if (!isBrokenPipe(error)) {
      throw error;
    }
    // Whoever read our output stopped reading, as `head` does.
    await client.terminateProcess(name);
    return 128 + constants.signals.SIGPIPE;
  } finally {
    interruption.stop();
  }
}

/** @param {unknown} error */
function isBrokenPipe(error) {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
