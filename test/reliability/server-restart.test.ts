import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { fixture, shell } from "../support/commands.js";
import { joined } from "../support/output.js";
import { clientVia, FAST_RETRY, WAYS } from "./support/ways.js";

const folder = mkdtempSync(join(tmpdir(), "aiem-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Adds a line to its first argument, so that each start is seen. */
const onceInto = (file: string) => shell('echo started >> "$1"; echo done', file);
const starts = (file: string) => readFileSync(file, "utf8");

async function restart(stub: StubServer, runMs: number): Promise<void> {
  await sleep(runMs);
  await stub.stop();
  await sleep(60);
  await stub.listen();
}

describe.concurrent.each(WAYS)(
  "a server that restarts, over $protocol and HTTP/$httpVersion",
  (way) => {
    // Short calls have attempts, not time: enough of them for the outage.
    const retry = { ...FAST_RETRY, maxAttempts: 1000 };

    it("ends no follow, wait, poll or run under way", async () => {
      await using stub = await startStubServer();
      await using client = clientVia(stub, stub, way, { retry });
      const ticks = fixture("ticks.js", "60");
      const text = Array.from({ length: 60 }, (_, n) => `tick ${n + 1}\n`).join("");
      const { name } = await client.createProcess(stub.parent, ticks, { autoRun: true });
      const ran = client.runProcess(stub.parent, ticks);
      const followed = collect(client.streamOutput(name));
      const waited = client.waitProcess(name);
      const polled = client.waitProcessByPolling(name, { pollIntervalSeconds: 0.02 });
      for (let round = 0; round < 3; round += 1) {
        await restart(stub, 120);
      }
      expect(joined(await followed).toString()).toBe(text);
      expect(await waited).toMatchObject({ name, exitCode: 0 });
      expect(await polled).toMatchObject({ name, exitCode: 0 });
      const result = await ran;
      expect(result).toMatchObject({ ok: true, exitCode: 0 });
      expect(result.stdout.text()).toBe(text);
      expect((await client.listProcesses(stub.parent)).processes).toHaveLength(2);
    });

    it("makes and starts each process once that is created or run meanwhile", async () => {
      await using stub = await startStubServer();
      await using client = clientVia(stub, stub, way, { retry });
      const file = (n: number) => join(folder, `${way.protocol}-${way.httpVersion}-${n}`);
      const calls: Promise<string>[] = [];
      let restarting = true;
      const restarts = (async () => {
        for (let round = 0; round < 6; round += 1) {
          await restart(stub, 10 + 7 * round);
        }
        restarting = false;
      })();
      for (let n = 0; restarting || n < 30; n += 1) {
        const spec = onceInto(file(n));
        calls.push(
          n % 3 === 0
            ? client.runProcess(stub.parent, spec).then(({ process }) => process.name)
            : n % 3 === 1
              ? client.createProcess(stub.parent, spec, { autoRun: true }).then(({ name }) => name)
              : client
                  .createProcess(stub.parent, spec)
                  .then(({ name }) => client.startProcess(name))
                  .then(({ name }) => name),
        );
        await sleep(8);
      }
      await restarts;
      const names = await Promise.all(calls);
      await Promise.all(names.map((name) => client.waitProcess(name)));
      expect(new Set(names).size).toBe(names.length);
      const listed = await collect(client.listAllProcesses(stub.parent));
      expect(listed.map(({ name }) => name).sort()).toEqual([...names].sort());
      expect(names.map((_, n) => starts(file(n)))).toEqual(names.map(() => "started\n"));
    });
  },
);
