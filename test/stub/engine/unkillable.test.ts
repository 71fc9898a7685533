import { afterEach, describe, expect, it, vi } from "vitest";
import type { Clock } from "../../../src/stub/engine/clock.js";
import type { EngineProcess } from "../../../src/stub/engine/engine-process.js";
import { Engines } from "../../../src/stub/engine/engines.js";
import {
  ENGINE,
  exists,
  isAlive,
  makeEngine,
  refusal,
  sh,
  startNow,
  stdoutText,
  untilStdout,
} from "./support.js";

/** Waits a fiftieth of the time. */
const hasty: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs / 50);
    return () => clearTimeout(timer);
  },
};

const kill = process.kill.bind(process);
let left: number[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const pid of left) {
    kill(pid, "SIGKILL");
  }
  left = [];
});

/** What kill(2) says of a process of another user, which tests cannot make without being root. */
function refuseSignals(code: string): void {
  vi.spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error(`kill ${code}`), { code });
  });
}

async function startSleep(engine = makeEngine()): Promise<{ process: EngineProcess; pid: number }> {
  const process = await startNow(engine, sh("echo $$; exec sleep 1000"));
  await untilStdout(process, "\n");
  return { process, pid: Number(await stdoutText(process)) };
}

describe("a process that cannot be signalled", () => {
  it.each([
    ["EPERM", "PermissionDenied", /another user/],
    ["EINVAL", "InvalidArgument", /signal 15/],
    ["EAGAIN", "Internal", /signal 15/],
    ["ESRCH", "FailedPrecondition", /has just ended/],
  ])("is told of by what %s means", async (system, code, message) => {
    const { process } = await startSleep();
    refuseSignals(system);
    const refused = await refusal(() => process.signal(15));
    expect(refused.code).toBe(code);
    expect(refused.message).toMatch(message);
    vi.restoreAllMocks();
  });
});

describe("a process that cannot be killed", () => {
  it.each([
    ["is another user's", () => refuseSignals("EPERM"), "EPERM"],
    ["does not end", () => vi.spyOn(process, "kill").mockReturnValue(true), "SIGKILL"],
  ])("because it %s is named by what should end it, and all else is gone", async (...row) => {
    const [, hinder, reason] = row;
    const engines = new Engines({ defaultCreator: "me", dependencies: { clock: hasty } });
    const engine = engines.create(ENGINE);
    const { process, pid } = await startSleep(engine);
    left = [pid];
    hinder();
    await expect(engines.setState(ENGINE, "STATE_FAILED")).rejects.toThrow(
      new RegExp(`${process.name}.* ${pid} .*${reason}`),
    );
    expect(engine.state).toBe("STATE_FAILED");
    await expect(engines.close()).rejects.toThrow(`${pid}`);
    expect(isAlive(pid)).toBe(true);
    expect(exists(engine.rootDirectory)).toBe(false);
  });

  it("is named with each other one", async () => {
    const engines = new Engines({ defaultCreator: "me", dependencies: { clock: hasty } });
    const engine = engines.create(ENGINE);
    left = [(await startSleep(engine)).pid, (await startSleep(engine)).pid];
    refuseSignals("EPERM");
    const error = await engines.close().catch((reason: unknown) => reason);
    for (const pid of left) {
      expect(String(error)).toContain(String(pid));
    }
  });
});
