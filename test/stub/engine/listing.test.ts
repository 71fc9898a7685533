import { describe, expect, it } from "vitest";
import type { SandboxEngine } from "../../../src/stub/engine/sandbox-engine.js";
import { createPending, makeEngine, makeEngines, refusal, runToEnd, spec } from "./support.js";

function list(
  engine: SandboxEngine,
  request: { pageSize?: number; pageToken?: string; filter?: string } = {},
) {
  const page = engine.listProcesses({ pageSize: 0, pageToken: "", filter: "", ...request });
  const ids = page.processes.map(({ name }) => name.split("/").at(-1));
  return { ids, nextPageToken: page.nextPageToken };
}

async function add(engine: SandboxEngine, ...ids: string[]): Promise<void> {
  for (const processId of ids) {
    await engine.createProcess(spec({ command: "true" }), { processId, autoRun: false });
  }
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `p${index}`);
}

describe("listing processes", () => {
  it("is empty at first", () => {
    expect(list(makeEngine())).toEqual({ ids: [], nextPageToken: "" });
  });

  it("gives the newest first, page by page, with no token after the last one", async () => {
    const engine = makeEngine();
    await add(engine, ...numbered(5));
    const first = list(engine, { pageSize: 2 });
    expect(first.ids).toEqual(["p4", "p3"]);
    const second = list(engine, { pageSize: 2, pageToken: first.nextPageToken });
    expect(second.ids).toEqual(["p2", "p1"]);
    const third = list(engine, { pageSize: 1, pageToken: second.nextPageToken });
    expect(third).toEqual({ ids: ["p0"], nextPageToken: "" });
    expect(list(engine, { pageSize: 5 }).nextPageToken).toBe("");
  });

  it("gives 50 by default and 1000 at most", async () => {
    const engine = makeEngine();
    await add(engine, ...numbered(1001));
    expect(list(engine).ids).toHaveLength(50);
    expect(list(engine, { pageSize: 5000 }).ids).toHaveLength(1000);
  });

  it("neither repeats nor skips what was there when others are created in between", async () => {
    const engine = makeEngine();
    await add(engine, ...numbered(7));
    const seen: (string | undefined)[] = [];
    let pageToken = "";
    do {
      const page = list(engine, { pageSize: 3, pageToken });
      seen.push(...page.ids);
      pageToken = page.nextPageToken;
      await add(engine, `new-${seen.length}-a`, `new-${seen.length}-b`);
    } while (pageToken !== "");
    expect(seen).toEqual(["p6", "p5", "p4", "p3", "p2", "p1", "p0"]);
  });

  it("keeps the state that the filter asks for", async () => {
    const engine = makeEngine();
    await add(engine, "pending");
    const succeeded = await runToEnd(engine, { command: "true" });
    const failed = await runToEnd(engine, { command: "false" });
    const id = (name: string) => name.split("/").at(-1);
    expect(list(engine, { filter: "state = STATE_PENDING" }).ids).toEqual(["pending"]);
    expect(list(engine, { filter: "state = STATE_SUCCEEDED" }).ids).toEqual([id(succeeded.name)]);
    expect(list(engine, { filter: "state = STATE_FAILED" }).ids).toEqual([id(failed.name)]);
    expect(list(engine, { filter: "state = STATE_RUNNING" }).ids).toEqual([]);
  });

  it.each(["state=STATE_PENDING", "state = STATE_UNSPECIFIED", "state = STATE_PENDING ", "x"])(
    "refuses the filter %j",
    async (filter) => {
      const { code, message } = await refusal(() => list(makeEngine(), { filter }));
      expect(code).toBe("InvalidArgument");
      expect(message).toContain("state = STATE_RUNNING");
    },
  );

  it("refuses a negative page size", async () => {
    expect((await refusal(() => list(makeEngine(), { pageSize: -1 }))).code).toBe(
      "InvalidArgument",
    );
  });

  it("refuses a token with another filter, of another engine, and what is not a token", async () => {
    const engines = makeEngines();
    const engine = engines.create("workspaces/w/sandboxEngines/one");
    const other = engines.create("workspaces/w/sandboxEngines/two");
    await createPending(engine, { command: "true" });
    await createPending(engine, { command: "true" });
    const { nextPageToken } = list(engine, { pageSize: 1 });
    expect(nextPageToken).toMatch(/^[A-Za-z0-9_-]+$/);
    const refused = [
      () => list(engine, { pageToken: nextPageToken, filter: "state = STATE_PENDING" }),
      () => list(other, { pageToken: nextPageToken }),
      ...[
        `${nextPageToken}=`,
        `${nextPageToken}A`,
        nextPageToken.slice(1),
        "x",
        "bnVsbA",
        "W10",
      ].map((pageToken) => () => list(engine, { pageToken })),
    ];
    for (const act of refused) {
      expect((await refusal(act)).code).toBe("InvalidArgument");
    }
    expect(list(engine, { pageToken: nextPageToken }).ids).toHaveLength(1);
  });
});
