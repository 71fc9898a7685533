// @ts-check
// What came out: the form of the JSON, and its numbers as people read them.

/**
 * @typedef {import("./cases.mjs").Metric & {
 *   readonly rounds: readonly number[],
 *   readonly median: number,
 *   readonly min: number,
 *   readonly max: number,
 *   readonly ratio: number | null,
 * }} Figure `ratio` is to the base's median; null where that is missing
 */

/**
 * @typedef {object} ContenderResult
 * @property {string} contender
 * @property {Record<string, Figure>} figures
 * @property {string | null} error why there are no figures, or fewer rounds
 */

/**
 * @typedef {object} CaseResult
 * @property {string} name
 * @property {string} title
 * @property {string} base
 * @property {ContenderResult[]} contenders
 */

/**
 * @typedef {object} Results
 * @property {string} budget
 * @property {string} node
 * @property {string} cpu
 * @property {number} cores
 * @property {Record<string, string>} versions
 * @property {number} load how many programs wanted to run at its start, over the last minute
 * @property {number} seconds how long it took
 * @property {CaseResult[]} cases
 */

/** @type {import("./cases.mjs").Metric} */
const PEAK = { title: "peak RSS", unit: "MB", better: "lower" };

/**
 * @param {import("./cases.mjs").Case} of
 * @param {ReadonlyMap<string, { samples: import("./client/measures.mjs").Sample[], error: string | null }>} taken
 * by contender
 * @returns {CaseResult}
 */
export function summary({ name, title, base, metrics }, taken) {
  const of = Object.entries({ ...metrics, peak: PEAK });
  /** @param {string} contender @param {string} key */
  const rounds = (contender, key) =>
    (taken.get(contender)?.samples ?? []).flatMap((sample) => sample[key] ?? []);
  const contenders = [...taken].map(([contender, { error }]) => ({
    contender,
    error,
    figures: Object.fromEntries(
      of.flatMap(([key, metric]) => {
        const values = rounds(contender, key);
        if (values.length === 0) {
          return [];
        }
        const compared = rounds(base, key);
        const to = median(compared);
        const ratio = median(values) / to;
        // The memory of a few calls can come out as less than nothing, which has no ratio.
        const isRatio = Number.isFinite(ratio) && to > 0 && ratio > 0;
        const figure = {
          ...metric,
          rounds: values.map(rounded),
          median: rounded(median(values)),
          min: rounded(Math.min(...values)),
          max: rounded(Math.max(...values)),
          ratio: isRatio ? rounded(ratio) : null,
        };
        return [[key, figure]];
      }),
    ),
  }));
  return { name, title, base, contenders };
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? Number.NaN;
  const high = sorted[Math.ceil(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

/** @param {number} value */
function rounded(value) {
  return Number(value.toPrecision(4));
}

/** @param {number} value */
export function shown(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** @param {Figure} figure */
function withUnit({ median, unit }) {
  return unit.startsWith("/") ? `${shown(median)}${unit}` : `${shown(median)} ${unit}`.trim();
}

/**
 * A case as rows of cells: the first row is the head, the first column the contender.
 *
 * @param {CaseResult} result
 * @returns {string[][]}
 */
export function rowsOf({ base, contenders }) {
  const [figures = {}] = contenders.map((one) => one.figures).filter((f) => Object.keys(f).length);
  const [main = "", ...others] = Object.keys(figures);
  const head = [
    "",
    figures[main]?.title ?? "",
    "min to max",
    `of ${base}`,
    ...others.map((key) => figures[key]?.title ?? ""),
  ];
  const rows = contenders.map(({ contender, figures: own, error }) => {
    const first = own[main];
    if (first === undefined) {
      return [contender, `none: ${error}`, ...head.slice(2).map(() => "")];
    }
    return [
      contender,
      withUnit(first),
      `${shown(first.min)} to ${shown(first.max)}`,
      first.ratio === null ? "" : `${shown(first.ratio)} ×`,
      ...others.map((key) => {
        const figure = own[key];
        if (figure === undefined) {
          return "";
        }
        // On a busy machine CPU time tells more than the clock.
        const ratio = key === "cpu" && figure.ratio !== null ? ` (${shown(figure.ratio)} ×)` : "";
        return withUnit(figure) + ratio;
      }),
    ];
  });
  return [head, ...rows];
}

/**
 * @param {CaseResult} result
 * @returns {string} for a terminal
 */
export function textOf(result) {
  const rows = rowsOf(result);
  // What went wrong is a sentence, for which no column is made wide.
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[2] === "" ? 0 : (row[column]?.length ?? 0)))),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return [`${result.title} (${result.name})`, ...lines.map((line) => `  ${line}`), ""].join("\n");
}
