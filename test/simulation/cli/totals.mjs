/** What many schedules came to, added up. */
export class Totals {
  schedules = 0;
  calls = 0;
  /** @type {Record<string, number>} */
  faults = {};
  /** @type {Record<string, number>} */
  outcomes = {};
  /** @type {{ seed: number, violations: readonly string[] }[]} */
  failures = [];

  /**
   * Adds a schedule.
   *
   * @param {import("../simulate.js").Report} report
   */
  add({ seed, schedule, violations, outcome, fates, restarts, aborted }) {
    this.schedules += 1;
    this.calls += fates.length;
    for (const fate of fates) {
      count(this.faults, fate);
    }
    count(this.faults, "server restart", restarts);
    count(this.faults, "abort by the user", aborted ? 1 : 0);
    const isSlow = "slowness" in schedule.operation && schedule.operation.slowness.probability > 0;
    count(this.faults, "slow reader", isSlow ? 1 : 0);
    count(this.outcomes, `${schedule.operation.kind}: ${outcome}`);
    if (violations.length > 0) {
      this.failures.push({ seed, violations });
    }
  }

  /**
   * Adds what another process has added up.
   *
   * @param {Totals} other
   */
  merge({ schedules, calls, faults, outcomes, failures }) {
    this.schedules += schedules;
    this.calls += calls;
    for (const [kind, times] of Object.entries(faults)) {
      count(this.faults, kind, times);
    }
    for (const [outcome, times] of Object.entries(outcomes)) {
      count(this.outcomes, outcome, times);
    }
    this.failures.push(...failures);
  }

  /** The text to show. */
  toString() {
    const faulty = Object.entries(this.faults).filter(([kind]) => kind !== "none");
    const sum = faulty.reduce((total, [, times]) => total + times, 0);
    return [
      `${this.schedules} schedules, ${this.calls} calls, ${sum} faults`,
      "",
      "faults:",
      ...table(faulty),
      "",
      "how the operations ended:",
      ...table(Object.entries(this.outcomes)),
    ].join("\n");
  }
}

/**
 * @param {Record<string, number>} counts
 * @param {string} key
 */
function count(counts, key, times = 1) {
  counts[key] = (counts[key] ?? 0) + times;
}

/** @param {[string, number][]} rows */
function table(rows) {
  return rows
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, times]) => `${String(times).padStart(9)}  ${name}`);
}
