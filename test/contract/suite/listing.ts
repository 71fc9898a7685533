import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { collect } from "../../support/collect.js";
import { FOREVER, shell } from "../../support/commands.js";
import type { ContractTarget, OpenTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

const ENGINES = ["many", "few", "none"].map((id) => `workspaces/w/sandboxEngines/${id}`);
const [MANY = "", FEW = "", NONE = ""] = ENGINES;

/** Lists, pages and filters. */
export function defineListing(target: ContractTarget): void {
  describe("the list of processes", () => {
    const open = useTarget(target, { engines: ENGINES });

    it("gives 120 processes in three pages, whatever is created meanwhile", async () => {
      const { client } = open();
      const created = await createPending(open(), MANY, 120);
      const listed: string[] = [];
      const sizes: number[] = [];
      let pageToken: string | undefined;
      do {
        const page = await client.listProcesses(MANY, { pageToken });
        sizes.push(page.processes.length);
        listed.push(...page.processes.map(({ name }) => name));
        pageToken = page.nextPageToken;
        await createPending(open(), MANY, 2);
      } while (pageToken !== undefined);
      expect(sizes).toEqual([50, 50, 20]);
      // Newest first; what was inserted before the first page's end is on no later page.
      expect(listed).toEqual(created.toReversed());
    });

    it("comes whole from listAllProcesses, page by page", async () => {
      const { client } = open();
      const names = (await collect(client.listAllProcesses(MANY))).map(({ name }) => name);
      expect(names).toHaveLength(126);
      const paged = await collect(client.listAllProcesses(MANY, { pageSize: 50 }));
      expect(paged.map(({ name }) => name)).toEqual(names);
    });

    it("is of the size that was asked for, and has no token after the last page", async () => {
      const { client } = open();
      const page = await client.listProcesses(MANY, { pageSize: 1 });
      expect(page.processes).toHaveLength(1);
      expect(page.nextPageToken).toBeDefined();
      const whole = await client.listProcesses(MANY, { pageSize: 2_000_000 });
      expect(whole.processes).toHaveLength(126);
      expect(whole.nextPageToken).toBeUndefined();
    });

    it("is empty where there is none", async () => {
      const { client } = open();
      expect(await client.listProcesses(NONE)).toEqual({ processes: [], nextPageToken: undefined });
      expect(await collect(client.listAllProcesses(NONE))).toEqual([]);
    });

    it("holds the processes of one state, if that is asked for", async () => {
      const { client } = open();
      const run = async (spec: typeof FOREVER, autoRun = true) =>
        (await client.createProcess(FEW, spec, { autoRun })).name;
      const pending = [await run(FOREVER, false), await run(FOREVER, false)];
      const running = await run(FOREVER);
      const succeeded = await run(shell("exit 0"));
      const failed = await run(shell("exit 1"));
      await Promise.all([succeeded, failed].map((name) => client.waitProcess(name)));
      const names = async (filter: Parameters<typeof client.listProcesses>[1]) =>
        (await client.listProcesses(FEW, filter)).processes.map(({ name }) => name);
      expect(await names({ filter: "state = STATE_PENDING" })).toEqual(pending.toReversed());
      expect(await names({ filter: "state = STATE_RUNNING" })).toEqual([running]);
      expect(await names({ filter: "state = STATE_SUCCEEDED" })).toEqual([succeeded]);
      expect(await names({ filter: "state = STATE_FAILED" })).toEqual([failed]);
      const filtered = client.listAllProcesses(FEW, {
        filter: "state = STATE_PENDING",
        pageSize: 1,
      });
      expect((await collect(filtered)).map(({ name }) => name)).toEqual(pending.toReversed());
    });

    it("refuses a page token with another filter, or another engine", async () => {
      const { client } = open();
      const filter = "state = STATE_PENDING";
      const { nextPageToken: pageToken } = await client.listProcesses(FEW, { filter, pageSize: 1 });
      expect(pageToken).toBeDefined();
      const refused = await Promise.allSettled([
        client.listProcesses(FEW, { pageToken }),
        client.listProcesses(FEW, { pageToken, filter: "state = STATE_RUNNING" }),
        client.listProcesses(MANY, { pageToken, filter }),
      ]);
      for (const call of refused) {
        expect(call).toMatchObject({ status: "rejected", reason: { code: Code.InvalidArgument } });
      }
    });
  });
}

async function createPending({ client }: OpenTarget, engine: string, count: number) {
  const names: string[] = [];
  for (let n = 0; n < count; n += 1) {
    names.push((await client.createProcess(engine, FOREVER)).name);
  }
  return names;
}
