import { describe, expect, it } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  ENGINE,
  fixture,
  isAlive,
  makeEngine,
  makeEngines,
  NEVER,
  startNow,
  stdoutText,
  until,
  untilStdout,
} from "./support.js";

describe("children of a process", () => {
  it("receive the signals that their process receives", async () => {
    const process = await startNow(makeEngine(), fixture("wait-for-grandchild.sh"));
    await untilStdout(process, "\n");
    const pid = Number(await stdoutText(process));
    expect(isAlive(pid)).toBe(true);
    process.signal(15);
    await process.finished(NEVER);
    expect(process.snapshot().exitCode).toBe(143);
    await until(() => !isAlive(pid));
  });

  it("do not keep their process from ending where they hold its streams open", async () => {
    const process = await startNow(makeEngine(), fixture("grandchild-holds-pipe.sh"));
    await process.finished(NEVER);
    expect(process.snapshot()).toMatchObject({ state: Process_State.SUCCEEDED, exitCode: 0 });
    expect(isAlive(Number(await stdoutText(process)))).toBe(true);
  });

  it("do not keep their process from ending where they write without end", async () => {
    const process = await startNow(makeEngine(), fixture("grandchild-writes-on.sh"));
    await process.finished(NEVER);
    expect(process.state).toBe(Process_State.SUCCEEDED);
  });

  it("are killed with the engine, even if their process ended long before", async () => {
    const engines = makeEngines();
    const process = await startNow(engines.create(ENGINE), fixture("grandchild-holds-pipe.sh"));
    await process.finished(NEVER);
    const pid = Number(await stdoutText(process));
    await engines.close();
    await until(() => !isAlive(pid));
  });
});
