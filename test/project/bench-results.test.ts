import { describe, expect, it } from "vitest";
import { barRows } from "../../bench/bars.mjs";
import { budgets, type Case, casesOf } from "../../bench/cases.mjs";
import { type CaseResult, summary, textOf } from "../../bench/results.mjs";

const CALLS: Case = {
  name: "get-50",
  title: "Calls",
  measure: "many",
  server: "usual",
  contenders: ["grpc-js", "this client"],
  base: "grpc-js",
  metrics: { perSecond: { title: "calls", unit: "/s", better: "higher" } },
};

/** A case in which every contender of `rounds` had these figures, whatever the metric. */
function resultOf(of: Case, rounds: Record<string, number[]>): CaseResult {
  const taken = Object.entries(rounds).map(([contender, values]) => {
    const samples = values.map((value) =>
      Object.fromEntries(Object.keys(of.metrics).map((metric) => [metric, value])),
    );
    return [contender, { samples, error: null }] as const;
  });
  return summary(of, new Map(taken));
}

function bars(...cases: CaseResult[]): string[][] {
  const machine = { budget: "", node: "", cpu: "", cores: 2, versions: {}, load: 0, seconds: 1 };
  return barRows({ ...machine, cases });
}

describe("the results of a benchmark", () => {
  it("are medians with their spread, and ratios of medians to the base", () => {
    const rounds = { "grpc-js": [10, 30, 20], "this client": [50, 20, 30, 40] };
    const { contenders } = resultOf(CALLS, rounds);
    expect(contenders.map(({ figures }) => figures["perSecond"])).toMatchObject([
      { median: 20, min: 10, max: 30, ratio: 1 },
      { median: 35, min: 20, max: 50, ratio: 1.75 },
    ]);
  });

  it("tell why a contender has none", () => {
    const taken = new Map([["this client", { samples: [], error: "it hung" }]]);
    expect(textOf(summary(CALLS, taken))).toContain("none: it hung");
  });

  it.each([
    [1.5, "met"],
    [0.75, "missed: 50 % of the bar"],
  ])(
    "tell whether a bar is met, and by how much it is missed: %d times the base",
    (ratio, told) => {
      const result = resultOf(CALLS, { "grpc-js": [100], "this client": [100 * ratio] });
      const calls = bars(result).find(([title]) => title === "GetProcess x 50, calls");
      expect(calls?.[3]).toBe(told);
    },
  );

  it.each(["quick", "full"] as const)("have a figure for every bar: %s", (name) => {
    const cases = casesOf(budgets[name]).map((of) =>
      resultOf(of, Object.fromEntries(of.contenders.map((contender) => [contender, [1]]))),
    );
    expect(bars(...cases).filter(([, , is]) => is === "")).toEqual([]);
  });
});
