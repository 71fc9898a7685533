/**
 * Runs the simulation.
 *
 *   npm run simulate -- --runs 200000 [--from 1] [--processes 2]   many seeds, and the totals
 *   npm run simulate -- --seed 4711 [--verbose]                    one seed, with its schedule and trace
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { loadSimulation } from "./load-simulation.mjs";
import { Totals } from "./totals.mjs";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3000" },
    from: { type: "string", default: "1" },
    processes: { type: "string", default: `${availableParallelism()}` },
    seed: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});

let told = 0;
const good =
  values.seed === undefined
    ? await runMany(number("from"), number("runs"), number("processes"))
    : await runOne(number("seed"), values.verbose);
process.exitCode = good ? 0 : 1;

/** @param {"runs" | "from" | "processes" | "seed"} name */
function number(name) {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1) {
    console.error(`--${name} must be a whole number, 1 or more`);
    process.exit(2);
  }
  return value;
}

/**
 * @param {number} seed
 * @param {boolean} verbose
 */
async function runOne(seed, verbose) {
  const { simulate, close } = await loadSimulation();
  const { schedule, trace, violations, outcome } = await simulate(seed);
  if (verbose) {
    console.log(JSON.stringify(schedule, undefined, 2));
    console.log(trace.join("\n"));
  }
  console.log(`seed ${seed}, ${schedule.operation.kind}: ${outcome}`);
  console.log(violations.length === 0 ? "every promise was kept" : violations.join("\n"));
  await close();
  return violations.length === 0;
}

/**
 * @param {number} from
 * @param {number} runs
 * @param {number} processes
 */
async function runMany(from, runs, processes) {
  const began = performance.now();
  const totals = new Totals();
  const shards = Array.from({ length: Math.min(processes, runs) }, async (_, index) => {
    const args = [from + index, from + runs - 1, processes].map(String);
    const shard = fork(new URL("shard.mjs", import.meta.url), args);
    shard.on("message", (/** @type {Totals} */ some) => {
      totals.merge(some);
      tellProgress(totals, runs);
    });
    const [code] = await once(shard, "exit");
    return code === 0;
  });
  const ended = (await Promise.all(shards)).every(Boolean);
  const seconds = (performance.now() - began) / 1000;
  console.log(`\n${totals}\n`);
  console.log(`${seconds.toFixed(0)} s, ${(totals.schedules / seconds).toFixed(0)} schedules/s`);
  if (!ended || totals.schedules !== runs) {
    console.log("a process of the simulation has died");
  }
  return ended && totals.schedules === runs && totals.failures.length === 0;
}

/**
 * @param {Totals} totals
 * @param {number} runs
 */
function tellProgress(totals, runs) {
  for (const { seed, violations } of totals.failures.slice(told)) {
    console.log(`FAIL npm run simulate -- --verbose --seed ${seed}`);
    console.log(violations.map((violation) => `     ${violation}`).join("\n"));
  }
  told = totals.failures.length;
  process.stderr.write(`${totals.schedules} of ${runs}\n`);
}
