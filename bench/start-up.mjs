/**
 * How long the command line takes to start, next to Node.js alone and to an import of the client.
 *
 * Usage: node bench/start-up.mjs [RUNS]   after npm run build
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { startStubServer } from "aiem-process-client/stub";

const runs = Number(process.argv[2] ?? 25);
const program = fileURLToPath(new URL("../dist/cli/aiem-process.js", import.meta.url));
const stub = await startStubServer();
const env = {
  ...process.env,
  AIEM_URL: stub.url,
  AIEM_TOKEN: stub.token,
  AIEM_PARENT: stub.parent,
};
/** @type {Record<string, string[]>} */
const commands = {
  "node -e 0": ["-e", "0"],
  "aiem-process --version": [program, "--version"],
  "aiem-process list": [program, "list"],
  "import of the client": ["--input-type=module", "--eval", 'import "aiem-process-client"'],
};
/** @type {Map<string, number[]>} */
const times = new Map(Object.keys(commands).map((name) => [name, []]));

// In turn, so that what else the machine does falls on all alike; the first round warms the disk.
for (let run = -1; run < runs; run += 1) {
  for (const [name, args] of Object.entries(commands)) {
    const began = performance.now();
    const child = spawn(process.execPath, args, { env, stdio: "ignore" });
    const [code] = await once(child, "close");
    if (code !== 0) {
      throw new Error(`${name} ended with ${code}`);
    }
    if (run >= 0) {
      times.get(name)?.push(performance.now() - began);
    }
  }
}
await stub.close();

const alone = median(times.get("node -e 0") ?? []);
for (const [name, all] of times) {
  const ms = median(all);
  console.log(`${name.padEnd(32)} ${ms.toFixed(0).padStart(4)} ms  ${(ms / alone).toFixed(2)}`);
}

/** @param {number[]} all */
function median(all) {
  return all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}
