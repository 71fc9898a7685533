import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  ENGINE,
  makeEngine,
  makeEngines,
  NO_LIMIT,
  refusal,
  runToEnd,
  sh,
  startNow,
  stdoutText,
} from "./support.js";

let kept: string | undefined;
afterEach(() => {
  if (kept !== undefined) {
    rmSync(kept, { recursive: true, force: true });
  }
});

/** What somebody does who cleans the machine's temporary files up. */
function cleanUp(directory: string): void {
  rmSync(directory, { recursive: true });
}

describe("a stub whose directory was removed", () => {
  it("says at each start and at each read of output which directory is gone, and closes", async () => {
    const engines = makeEngines();
    const engine = engines.create(ENGINE);
    const large = await runToEnd(engine, sh("head -c 100000 /dev/zero"));
    const directory = dirname(dirname(engine.rootDirectory));
    cleanUp(directory);
    const start = await refusal(() => startNow(engine, { command: "true" }));
    expect(start.code).toBe("FailedPrecondition");
    expect(start.message).toContain(`root directory ${engine.rootDirectory} is gone`);
    for (const read of [
      () => large.readOutput(OutputStream.STDOUT, NO_LIMIT),
      () => large.readFrames(NO_LIMIT),
    ]) {
      const { code, message } = await refusal(read);
      expect(code).toBe("DataLoss");
      expect(message).toContain(`directory ${join(directory, "spools")} was removed`);
    }
    await engines.close();
  });

  it("goes on in a root directory that is still there", async () => {
    kept = mkdtempSync(join(tmpdir(), "aiem-kept-"));
    const engines = makeEngines();
    const other = makeEngine();
    const engine = engines.create(ENGINE, { rootDirectory: kept });
    await runToEnd(engine, sh("head -c 100000 /dev/zero"));
    const temporary = engines.create(`${ENGINE}-2`).rootDirectory;
    cleanUp(dirname(dirname(temporary)));
    const again = await runToEnd(engine, sh("head -c 100000 /dev/zero | tr '\\0' x"));
    expect(await stdoutText(again)).toBe("x".repeat(100_000));
    expect(other.state).toBe("STATE_RUNNING");
  });
});
