import { terminateOnSignal } from "./terminate-on-signal.mjs";

const script = `
  echo "loading the data"; sleep 0.4
  echo "no GPU found, going on without" >&2; sleep 0.4
  for epoch in 1 2 3; do echo "epoch $epoch of 3"; sleep 0.4; done
  echo "model saved"
`;

/**
 * Runs a small process, shows its output line by line as it comes, then how it ended.
 *
 * @param {import("aiem-process-client").ProcessClient} client
 * @param {string} parent the engine's name
 * @returns {Promise<number>} the exit code
 */
export async function demonstrate(client, parent) {
  const spec = { command: "sh", args: ["-c", script] };
  const created = client.createProcess(parent, spec, { autoRun: true });
  const interruption = terminateOnSignal(client, created);
  const { name } = await created;
  console.log(`Started ${name}`);

  for await (const { stream, line } of client.streamLines(name)) {
    console.log(`${stream === "OUTPUT_STREAM_STDERR" ? "stderr" : "stdout"} | ${line}`);
  }

  const { state, exitCode } = await client.waitProcess(name);
  console.log(`Ended ${state}, exit code ${exitCode}`);
  interruption.stop();
  return interruption.exitCode ?? exitCode ?? 1;
}
