// @ts-check
/**
 * How fast the client is, and what it takes, next to what else there is. The contenders take turns,
 * round by round, in one run, since only the ratio of their medians means something on a shared
 * machine. docs/performance.md tells how it measures.
 *
 * Usage: npm run bench                        in full, some fifteen minutes
 *        npm run bench -- --quick             under two minutes
 *        npm run bench -- --only=chunks,get   the cases whose names begin so
 *        npm run bench -- --json results.json for bench/report.mjs
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { barRows } from "./bars.mjs";
import { budgets, casesOf } from "./cases.mjs";
import { Programs } from "./programs.mjs";
import { summary, textOf } from "./results.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
  },
});
const name = options.smoke ? "smoke" : options.quick ? "quick" : "full";
const budget = budgets[name];
const only = options.only?.split(",");
const cases = casesOf(budget).filter(
  (one) => only === undefined || only.some((start) => one.name.startsWith(start)),
);
if (cases.length === 0) {
  const known = casesOf(budget).map((one) => one.name);
  throw new Error(`no case begins with '${options.only}'; there are ${known.join(", ")}`);
}

const [load = 0] = loadavg();
if (load > 0.5 && name !== "smoke") {
  console.log(`This machine is busy (load ${load.toFixed(1)}): the figures will be rough.\n`);
}
const began = performance.now();
const programs = new Programs(budget);
/** @type {import("./results.mjs").CaseResult[]} */
const done = [];
try {
  for (const one of cases) {
    const result = await measured(one);
    console.log(textOf(result));
    done.push(result);
    // After each case: a run that is broken off keeps what it has.
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify(resultsSoFar(), undefined, 1)}\n`);
    }
  }
} finally {
  await programs.close();
}

if (only === undefined && name !== "smoke") {
  console.log("Bars");
  for (const [title = "", asked = "", is = "", verdict = ""] of barRows(resultsSoFar())) {
    console.log(`  ${title.padEnd(24)}${asked.padEnd(26)}${is.padStart(8)}  ${verdict}`);
  }
}
console.log(`${resultsSoFar().seconds} s`);

/** @returns {import("./results.mjs").Results} */
function resultsSoFar() {
  return {
    budget: name,
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    versions: Object.fromEntries(
      ["@grpc/grpc-js", "nice-grpc", "@connectrpc/connect-node", "@bufbuild/protobuf"].map((of) => [
        of,
        versionOf(of),
      ]),
    ),
    load: Number(load.toFixed(1)),
    seconds: Math.round((performance.now() - began) / 1000),
    cases: done,
  };
}

/**
 * @param {import("./cases.mjs").Case} one
 * @returns {Promise<import("./results.mjs").CaseResult>}
 */
async function measured(one) {
  /** @type {Map<string, { samples: import("./client/measures.mjs").Sample[], error: string | null }>} */
  const taken = new Map(one.contenders.map((of) => [of, { samples: [], error: null }]));
  // What memory is measured in is new each time, and has nothing to warm up.
  const rounds = one.memory ? budget.memoryRounds : budget.rounds;
  const warmUp = !one.memory && budget.warmUpSeconds > 0;
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    for (const [contender, result] of taken) {
      if (result.error !== null) {
        continue;
      }
      const seconds = round < 0 ? budget.warmUpSeconds : budget.seconds;
      try {
        const sample = await programs.sample(one, contender, seconds);
        if (round >= 0) {
          result.samples.push(sample);
        }
      } catch (error) {
        result.error = error instanceof Error ? error.message : String(error);
      }
    }
  }
  await programs.endCase();
  return summary(one, taken);
}

/** @param {string} of a package */
function versionOf(of) {
  // Not all of them export their package.json.
  const entry = import.meta.resolve(of);
  const folder = entry.slice(0, entry.lastIndexOf(`/${of}/`) + of.length + 2);
  return JSON.parse(readFileSync(new URL("package.json", folder), "utf8")).version;
}
