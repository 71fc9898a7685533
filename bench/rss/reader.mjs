// @ts-check
// The program that is measured as the client: it follows the output of one process.
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { ProcessClient } from "aiem-process-client";
import { pace } from "./pace.mjs";

const { connection, parent } = JSON.parse(process.argv[2] ?? "");
const client = new ProcessClient(connection);

// All code is loaded, and both ends have had a process, before the memory without load is taken.
await client.runProcess(parent, { command: "head", args: ["-c", "1000000", "/dev/zero"] });
process.send?.({});
const [{ bytes, bytesPerSecond, maxSeconds }] = await once(process, "message");

const spec = { command: "head", args: ["-c", String(bytes), "/dev/zero"] };
const { name } = await client.createProcess(parent, spec, { autoRun: true });
const start = performance.now();
const seconds = () => (performance.now() - start) / 1000;
const wait = pace(bytesPerSecond ?? Number.POSITIVE_INFINITY);
let read = 0;
for await (const { data } of client.streamOutput(name)) {
  read += data.length;
  await wait(read);
  if (seconds() > maxSeconds) {
    break;
  }
}
const { state } = await client.waitProcess(name);
process.send?.({ read, seconds: seconds(), state });
// The peak is read while both programs still run.
await once(process, "disconnect");
client.close();
