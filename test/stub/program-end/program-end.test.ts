import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dirname } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle } from "../../support/bundle.js";
import { exists, isAlive, until } from "../engine/support.js";

let stub: string;
beforeAll(async () => {
  const { file, remove } = await bundle("test/stub/program-end/program-entry.ts");
  stub = file;
  return remove;
});

const program = fileURLToPath(new URL("program.mjs", import.meta.url));
/** Children in groups of their own, as GNU `timeout` and a shell's job control make them. */
const GROUPS = `
  timeout 600 sleep 5000 & echo $! $$
  set -m; sleep 6000 & echo $!
  echo ready; wait`;
/** A program that has ended, and left one behind. */
const LEFT = "sleep 7000 >/dev/null 2>&1 & echo $! && echo ready";
const IGNORES = "trap '' TERM INT HUP; echo $$; echo ready; while :; do sleep 0.1; done";

interface Started {
  readonly child: ChildProcess;
  /** The directory that holds all of the stub's files. */
  readonly directory: string;
  readonly pids: readonly number[];
  readonly watchdog: number;
}

async function startProgram(where: "main" | "thread", ...scripts: string[]): Promise<Started> {
  const commands = scripts.map((script) => ["bash", "-c", script]);
  const child = fork(program, [stub, where, JSON.stringify(commands)], { execArgv: [] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [message] = await once(child, "message");
  const { rootDirectory, printed } = message;
  const pids = String(printed).match(/\d+/g)?.map(Number) ?? [];
  const directory = dirname(dirname(rootDirectory));
  return { child, directory, pids, watchdog: watchdogOf(directory) };
}

function watchdogOf(directory: string): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.filter((pid) => {
    try {
      const parts = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return parts.includes("aiem-process-stub-watchdog") && parts.includes(directory);
    } catch {
      return false;
    }
  });
  expect(found).toHaveLength(1);
  return Number(found[0]);
}

async function untilNothingIsLeft({ pids, directory, watchdog }: Started): Promise<void> {
  await until(() => !pids.some(isAlive));
  await until(() => !exists(directory));
  await until(() => !isAlive(watchdog));
}

describe("a program that is ended with processes in its stub", () => {
  it.each(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const)(
    "by %s leaves neither processes nor files",
    async (signal) => {
      const started = await startProgram("main", GROUPS, LEFT, IGNORES);
      expect(started.pids).toHaveLength(5);
      expect(started.pids.filter(isAlive)).toEqual(started.pids);
      started.child.kill(signal);
      await untilNothingIsLeft(started);
    },
  );

  it("by process.exit() leaves neither processes nor files", async () => {
    const started = await startProgram("main", GROUPS, LEFT, IGNORES);
    started.child.send("exit");
    await untilNothingIsLeft(started);
  });

  it("by worker.terminate() of its thread leaves neither processes nor files", async () => {
    const started = await startProgram("thread", GROUPS, LEFT, IGNORES);
    started.child.send("terminate");
    await untilNothingIsLeft(started);
    expect(started.child.exitCode).toBeNull();
  });

  it("leaves what it did not start, and what left its session", async () => {
    const started = await startProgram("main", "setsid sleep 600 & echo $!; echo ready; wait");
    const [escaped = 0] = started.pids;
    onTestFinished(() => void process.kill(escaped, "SIGKILL"));
    const other = fork(program, [stub, "main", "[]"], { execArgv: [] });
    onTestFinished(() => void other.kill("SIGKILL"));
    await once(other, "message");
    started.child.kill("SIGKILL");
    await until(() => !exists(started.directory) && !isAlive(started.watchdog));
    expect(isAlive(escaped)).toBe(true);
    expect(other.exitCode).toBeNull();
  });

  it("lets a process that is stopped handle SIGTERM", async () => {
    const directory = mkdtempSync(join(tmpdir(), "aiem-handled-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, "handled");
    const stopped = `trap 'echo >${file}; exit' TERM; echo $$; echo ready; kill -STOP $$; sleep 60`;
    const started = await startProgram("main", stopped);
    const stateOf = () => readFileSync(`/proc/${started.pids[0]}/stat`, "utf8");
    await until(() => /\) T /.test(stateOf()));
    started.child.kill("SIGKILL");
    await untilNothingIsLeft(started);
    expect(existsSync(file)).toBe(true);
  });
});
