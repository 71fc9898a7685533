// @ts-check
/**
 * Writes what a run told into docs/performance.md, and the plot next to it. Figures in the document
 * are never typed by hand.
 *
 * Usage: node bench/report.mjs results.json
 */
import { readFileSync, writeFileSync } from "node:fs";
import { barRows } from "./bars.mjs";
import { plot } from "./plot.mjs";
import { rowsOf, shown } from "./results.mjs";

const DOCUMENT = new URL("../docs/performance.md", import.meta.url);
const PLOT = new URL("../docs/performance.svg", import.meta.url);
const COLUMNS = [
  "node:http2",
  "grpc-js",
  "nice-grpc",
  "connect-node, gRPC",
  "this client",
  "this client, Connect",
  "this client, REST",
];

const [, , file] = process.argv;
if (file === undefined) {
  throw new Error("which results? Usage: node bench/report.mjs results.json");
}
/** @type {import("./results.mjs").Results} */
const results = JSON.parse(readFileSync(file, "utf8"));
let text = readFileSync(DOCUMENT, "utf8");
text = replaced(text, "machine", machine());
text = replaced(text, "summary", table(summaryRows()));
text = replaced(text, "bars", table([["", "asked for", "is", ""], ...barRows(results)]));
text = replaced(text, "all", results.cases.map(section).join("\n\n"));
writeFileSync(DOCUMENT, text);
writeFileSync(PLOT, plot(results));

function machine() {
  const { node, cpu, cores, versions, budget, seconds, load } = results;
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const how = budget === "full" ? "" : ` with the budget '${budget}'`;
  const busy =
    load > 0.5
      ? `The machine was busy with other things as well (load ${load} before it began): these figures are rough.`
      : "The machine did nothing else.";
  return `Measured${how} on Node.js ${node.slice(1)}, ${cores} cores (${cpu}), with ${others.join(", ")}; the run took ${Math.round(seconds / 60)} minutes. ${busy}`;
}

/** The figure that each case is about, with its ratio to grpc-js. */
function summaryRows() {
  const compared = results.cases.filter(({ base }) => base === "grpc-js");
  const head = ["", ...COLUMNS];
  const rows = compared.map(({ title, contenders }) => {
    const cells = COLUMNS.map((column) => {
      const own = contenders.find(({ contender }) => contender === column);
      const [main] = Object.values(own?.figures ?? {});
      if (main === undefined) {
        return own === undefined ? "" : "fails";
      }
      const ratio = main.ratio === null || column === "grpc-js" ? "" : ` (${shown(main.ratio)} ×)`;
      return `${shown(main.median)}${ratio}`;
    });
    const [main] = contenders.flatMap(({ figures }) => Object.values(figures).slice(0, 1));
    const unit = [main?.title, main?.unit].filter(Boolean).join(" ").replace(" /s", "/s");
    return [`${title}: ${unit}`, ...cells];
  });
  return [head, ...rows];
}

/** @param {import("./results.mjs").CaseResult} result */
function section(result) {
  return `### ${result.title}\n\n${table(rowsOf(result))}`;
}

/** @param {readonly (readonly string[])[]} rows the first one is the head */
function table([head = [], ...rows]) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/**
 * @param {string} document
 * @param {string} part
 * @param {string} content
 */
function replaced(document, part, content) {
  const [begin, end] = [`<!-- ${part}: bench/report.mjs -->`, `<!-- end of ${part} -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(`docs/performance.md has no place for '${part}'`);
  }
  return `${document.slice(0, from + begin.length)}\n${content}\n${document.slice(to)}`;
}
