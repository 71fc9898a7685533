// @ts-check
// How fast this client has to be. A benchmark is no test: what is missed is told, and nothing fails.
import { shown } from "./results.mjs";

/**
 * @typedef {object} Bar
 * @property {string} title
 * @property {string} case
 * @property {string} metric
 * @property {string} [contender] "this client" by default
 * @property {number} [atLeast] times the base's median
 * @property {number} [atMost]
 */

/** @type {readonly Bar[]} */
const BARS = [
  { title: "chunks of 100 B", case: "chunks-100", metric: "perSecond", atLeast: 5 },
  { title: "piped, 100 B", case: "pipe-100", metric: "perSecond", atLeast: 10 },
  { title: "chunks of 1 KiB", case: "chunks-1k", metric: "perSecond", atLeast: 3 },
  { title: "chunks of 32 KiB", case: "chunks-32k", metric: "megabytes", atLeast: 2 },
  { title: "chunks of 1 MiB", case: "chunks-1m", metric: "megabytes", atLeast: 2 },
  { title: "lines of 100 B", case: "lines-100", metric: "perSecond", atLeast: 5 },
  { title: "GetProcess, p50", case: "get", metric: "p50", atMost: 0.9 },
  { title: "GetProcess x 50, calls", case: "get-50", metric: "perSecond", atLeast: 1.5 },
  { title: "GetProcess x 50, CPU", case: "get-50", metric: "cpu", atMost: 0.6 },
  { title: "idle follower, memory", case: "followers-1000-one", metric: "rss", atMost: 0.6 },
  {
    title: "REST, chunks of 100 B",
    case: "chunks-100",
    metric: "perSecond",
    contender: "this client, REST",
    atLeast: 1,
  },
  {
    title: "REST, chunks of 32 KiB",
    case: "chunks-32k",
    metric: "megabytes",
    contender: "this client, REST",
    atLeast: 1,
  },
  { title: "echo on the stub", case: "echo", metric: "perSecond", atLeast: 0.5 },
];

/**
 * Each bar as cells: what, what it has to be, what it is, and whether that is met.
 *
 * @param {import("./results.mjs").Results} results
 * @returns {string[][]}
 */
export function barRows({ cases }) {
  return BARS.map((bar) => {
    const found = cases.find(({ name }) => name === bar.case);
    const contender = bar.contender ?? "this client";
    const ratio = found?.contenders.find((one) => one.contender === contender)?.figures[bar.metric]
      ?.ratio;
    const limit = bar.atLeast ?? bar.atMost ?? Number.NaN;
    const base = found?.base ?? "grpc-js";
    const asked = `${bar.atLeast === undefined ? "at most" : "at least"} ${limit} × ${base}`;
    if (ratio === undefined || ratio === null) {
      return [bar.title, asked, "", "not measured"];
    }
    const met = bar.atLeast === undefined ? ratio <= limit : ratio >= limit;
    const verdict = met ? "met" : `missed: ${shown((ratio / limit) * 100)} % of the bar`;
    return [bar.title, asked, `${shown(ratio)} ×`, verdict];
  });
}
