import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EngineProcess } from "../../../src/stub/engine/engine-process.js";
import {
  ENGINE,
  isAlive,
  makeEngine,
  makeEngines,
  NEVER,
  startNow,
  stdoutText,
  text,
  until,
  untilStdout,
} from "./support.js";

function bash(script: string): { command: string; args: string[] } {
  return { command: "bash", args: ["-c", script] };
}

/** Children in groups of their own: of GNU `timeout`, and of a shell with job control. */
const GROUPS = `
  timeout 600 sh -c 'echo $$; exec sleep 5000' &
  set -m; sh -c 'echo $$; exec sleep 6000' & set +m
  wait`;

/** The ids of both, which they tell once they are in their groups. */
async function pidsOf(process: EngineProcess): Promise<number[]> {
  let printed = "";
  for await (const { data } of process.follow({ skipReplay: false, signal: NEVER })) {
    printed += text(data);
    const lines = printed.match(/\d+\n/g) ?? [];
    if (lines.length === 2) {
      return lines.map(Number);
    }
  }
  throw new Error(`the process ended after ${JSON.stringify(printed)}`);
}

describe("children that moved to a process group of their own", () => {
  it.each([15, 9, 1])("get signal %s, too", async (signal) => {
    const process = await startNow(makeEngine(), bash(GROUPS));
    const pids = await pidsOf(process);
    expect(pids.filter(isAlive)).toHaveLength(2);
    process.signal(signal);
    await process.finished(NEVER);
    expect(process.snapshot().exitCode).toBe(128 + signal);
    await until(() => !pids.some(isAlive));
  });

  it("get a signal once, though they are reached in several ways", async () => {
    const engine = makeEngine();
    const counts = `trap 'echo INT >>${engine.rootDirectory}/count' INT; echo ready
      while [ ! -e count ] || [ ! -e done ]; do sleep 0.02; done`;
    const script = `set -m; bash -c "${counts}" & wait %1; wait %1; wait`;
    const process = await startNow(engine, bash(`trap : INT; ${script}`));
    await untilStdout(process, "ready\n");
    process.signal(2);
    const count = () => readFileSync(join(engine.rootDirectory, "count"), "utf8");
    await until(() => {
      try {
        return count().length > 0;
      } catch {
        return false;
      }
    });
    // What came twice would have come by now: one turn sends to all groups.
    process.signal(9);
    await process.finished(NEVER);
    expect(count()).toBe("INT\n");
  });

  it("do not get a signal that tells something to the program itself", async () => {
    const script = `trap 'exit 7' USR1; ${GROUPS.replace("wait", "while :; do wait; done")}`;
    const engines = makeEngines();
    const process = await startNow(engines.create(ENGINE), bash(script));
    const pids = await pidsOf(process);
    process.signal(10);
    await process.finished(NEVER);
    expect(process.snapshot().exitCode).toBe(7);
    // The first was in a group of `timeout`, the second in one of the shell's.
    expect(pids.filter(isAlive)).toEqual(pids);
    await engines.close();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("are killed with the engine, while their program runs and after it", async () => {
    const engines = makeEngines();
    const engine = engines.create(ENGINE);
    const running = await startNow(engine, bash(GROUPS));
    const ended = await startNow(engine, bash("set -m; sleep 7000 >/dev/null 2>&1 & echo $!"));
    await ended.finished(NEVER);
    const pids = [...(await pidsOf(running)), Number(await stdoutText(ended))];
    expect(pids.filter(isAlive)).toHaveLength(3);
    await engines.close();
    await until(() => !pids.some(isAlive));
  });

  it("are killed after their program, though the oldest of them has ended by itself", async () => {
    const engines = makeEngines();
    const script = "sleep 1.5 >/dev/null 2>&1 & echo $!; sleep 7000 >/dev/null 2>&1 & echo $!";
    const process = await startNow(engines.create(ENGINE), bash(script));
    await process.finished(NEVER);
    const pids = (await stdoutText(process)).trim().split("\n").map(Number);
    await until(() => !isAlive(pids[0] ?? 0));
    expect(pids.filter(isAlive)).toEqual(pids.slice(1));
    await engines.close();
    await until(() => !pids.some(isAlive));
  });
});
