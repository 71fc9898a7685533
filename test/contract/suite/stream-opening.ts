import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { collect } from "../../support/collect.js";
import { shell } from "../../support/commands.js";
import type { FullContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** What is sent, and when. */
export function defineStreamOpening(target: FullContractTarget): void {
  describe("nothing is sent", () => {
    const open = useTarget(target);

    it("for a stream before it is read, nor for a handle", async () => {
      const { client, parent, sent } = open();
      const { name } = await client.createProcess(parent, shell("echo x"), { autoRun: true });
      const before = sent.length;
      const output = client.streamOutput(name);
      const lines = client.streamLines(name);
      const list = client.listAllProcesses(parent);
      const handle = client.process(name);
      const iterators = [output, lines, list].map((items) => items[Symbol.asyncIterator]());
      await sleep(50);
      expect(handle.name).toBe(name);
      expect(sent.slice(before)).toEqual([]);
      for (const iterator of iterators) {
        await iterator.next();
        await iterator.return?.();
      }
      expect(sent.slice(before)).toEqual(["StreamOutput", "StreamOutput", "ListProcesses"]);
    });

    it("for the next page before the loop gets there", async () => {
      const { client, sent } = open();
      const engine = "workspaces/default/sandboxEngines/pages";
      open().engines.create(engine);
      for (let n = 0; n < 4; n += 1) {
        await client.createProcess(engine, shell("exit 0"));
      }
      const before = sent.length;
      const pages = client.listAllProcesses(engine, { pageSize: 2 })[Symbol.asyncIterator]();
      await pages.next();
      await pages.next();
      expect(sent.slice(before)).toEqual(["ListProcesses"]);
      await pages.next();
      expect(sent.slice(before)).toEqual(["ListProcesses", "ListProcesses"]);
      await pages.return?.();
    });

    it("but one StreamOutput for an output, and a look at the process at its end", async () => {
      const { client, parent, sent } = open();
      const { process } = await client.runProcess(parent, shell("echo x"));
      const before = sent.length;
      await collect(client.streamOutput(process.name));
      expect(sent.slice(before)).toEqual(["StreamOutput", "GetProcess"]);
    });
  });
}
