import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OutputStream, Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { EngineDependencies } from "../../../src/stub/engine/dependencies.js";
import type {
  Command,
  CommandEnd,
  OutputSink,
  Runner,
} from "../../../src/stub/engine/runner/runner.js";
import { MemorySpool } from "../../support/memory-spool.js";
import {
  createPending,
  ENGINE,
  followAll,
  makeEngines,
  NEVER,
  NO_LIMIT,
  refusal,
  startNow,
  stderrText,
  stdoutText,
} from "./support.js";

/** What a test does in place of a program. */
interface Script {
  readonly command: Command;
  readonly sink: OutputSink;
  end(end: CommandEnd): void;
}

let temporary: string;
let temporaryBefore: string | undefined;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "aiem-injected-"));
  temporaryBefore = process.env["TMPDIR"];
  process.env["TMPDIR"] = temporary;
});
afterEach(() => {
  if (temporaryBefore === undefined) {
    delete process.env["TMPDIR"];
  } else {
    process.env["TMPDIR"] = temporaryBefore;
  }
  rmSync(temporary, { recursive: true });
});

/** @param wrap what to put around the start of a script. */
function simulate(wrap = (run: Runner["run"]): Runner["run"] => run) {
  const scripts: Script[] = [];
  const spools: MemorySpool[] = [];
  let now = 1_000_000;
  let ids = 0;
  const dependencies: EngineDependencies = {
    clock: { now: () => now, schedule: () => () => {} },
    randomId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    runner: {
      run: wrap(async (command, sink) => {
        const { promise, resolve } = withResolvers<CommandEnd>();
        scripts.push({ command, sink, end: resolve });
        const signal = (number: number) => {
          resolve({ signal: number });
          return true;
        };
        const kill = async () => {
          signal(9);
        };
        return { ended: promise, signal, kill };
      }),
    },
    createSpool: ({ onReadable }) => {
      const spool = new MemorySpool(onReadable);
      spools.push(spool);
      return spool;
    },
    secrets: { read: (name) => `value of ${name}` },
  };
  const engines = makeEngines({ dependencies });
  const engine = engines.create(ENGINE, { rootDirectory: "/" });
  const script = () => {
    const last = scripts.at(-1);
    if (last === undefined) {
      throw new Error("nothing was started");
    }
    return last;
  };
  return {
    engines,
    engine,
    spools,
    script,
    elapse: (ms: number) => {
      now += ms;
    },
  };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

describe("an engine with injected dependencies", () => {
  it("runs a script in memory, in a time of its own, under ids of its own", async () => {
    const { engine, script, elapse } = simulate();
    const process = await startNow(engine, { command: "anything", args: ["x"] });
    expect(process.name).toBe(`${ENGINE}/processes/id-1`);
    expect(script().command).toMatchObject({ command: "anything", args: ["x"] });
    const following = followAll(process);
    await script().sink.write(OutputStream.STDOUT, Buffer.from("out"));
    await script().sink.write(OutputStream.STDERR, Buffer.from("err"));
    elapse(5000);
    script().end({ exitCode: 0 });
    await process.finished(NEVER);
    const { state, startTime, endTime } = process.snapshot();
    expect(state).toBe(Process_State.SUCCEEDED);
    if (!startTime || !endTime) {
      throw new Error("a time is missing");
    }
    expect(timestampMs(endTime) - timestampMs(startTime)).toBe(5000);
    expect((await following).map(({ data }) => Buffer.from(data).toString())).toEqual([
      "out",
      "err",
    ]);
    expect(await stdoutText(process)).toBe("out");
    expect(await stderrText(process)).toBe("err");
    expect(await process.readFrames(NO_LIMIT)).toHaveLength(2);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("reads secrets at the start, and refuses a value that no variable can have", async () => {
    const { engine, script } = simulate();
    const secretVersion = "workspaces/w/secrets/s/versions/1";
    await startNow(engine, {
      command: "a",
      secretEnvironmentVariables: { A: { secretVersion } },
    });
    expect(script().command.environment["A"]).toBe(`value of ${secretVersion}`);
    const bad = makeEngines({ dependencies: { secrets: { read: () => "to\0p" } } }).create(ENGINE);
    const { code, message } = await refusal(() =>
      startNow(bad, { command: "a", secretEnvironmentVariables: { A: { secretVersion } } }),
    );
    expect(code).toBe("FailedPrecondition");
    expect(message).not.toContain("to");
  });

  it("creates no process, or keeps it PENDING, where the runner itself fails", async () => {
    let failing = true;
    const { engine, script } = simulate((run) => (...args) => {
      return failing ? Promise.reject(new Error("no pipes left")) : run(...args);
    });
    const { code, message } = await refusal(() => startNow(engine, { command: "a" }));
    expect(code).toBe("Internal");
    expect(message).toContain("no pipes left");
    expect(engine.listProcesses({ pageSize: 0, pageToken: "", filter: "" }).processes).toEqual([]);

    const process = await createPending(engine, { command: "a" });
    expect((await refusal(() => process.start())).message).toContain("no pipes left");
    expect(process.snapshot()).toMatchObject({ state: Process_State.PENDING });
    expect(process.snapshot().startTime).toBeUndefined();
    failing = false;
    await process.start();
    script().end({ exitCode: 0 });
    await process.finished(NEVER);
    expect(process.state).toBe(Process_State.SUCCEEDED);
  });

  it("ends its scripts and gives up its spools when it is deleted", async () => {
    const { engine, engines, spools } = simulate();
    const process = await startNow(engine, { command: "a" });
    await engines.delete(ENGINE);
    expect(process.snapshot().exitCode).toBe(137);
    expect(spools.map(({ removed }) => removed)).toEqual([true]);
  });
});
