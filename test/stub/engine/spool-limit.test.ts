import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OutputStream, Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { inSteps } from "../../support/in-steps.js";
import {
  exists,
  followAll,
  makeEngine,
  NEVER,
  NO_LIMIT,
  refusal,
  runToEnd,
  sh,
  startNow,
  stderrText,
  until,
} from "./support.js";

function codesIn(directory: string): string {
  const file = join(directory, "code");
  return exists(file) ? readFileSync(file, "utf8") : "";
}

describe("output beyond maxSpoolBytes", () => {
  it("is told to followers when it happens, and ends a program that writes on by SIGPIPE", async () => {
    // A shell that runs on: it ignores SIGPIPE itself, so that the program gets EPIPE.
    const script = "yes; echo $? >code; trap '' PIPE; yes; echo $? >>code; exec sleep 1000";
    const engine = makeEngine({ maxSpoolBytes: 100_000 });
    const process = await startNow(engine, { command: "bash", args: ["-c", script] });
    let received = 0;
    const { code, message } = await refusal(async () => {
      for await (const { data } of process.follow({ skipReplay: false, signal: NEVER })) {
        received += data.length;
      }
    });
    expect(code).toBe("ResourceExhausted");
    expect(message).toContain("100000");
    expect(received).toBe(100_000);
    await until(() => codesIn(engine.rootDirectory) === "141\n1\n");
    expect(process.state).toBe(Process_State.RUNNING);
    expect(await process.readOutput(OutputStream.STDOUT, NO_LIMIT)).toHaveLength(100_000);
    process.signal(15);
    await process.finished(NEVER);
    for (const read of [
      () => process.readOutput(OutputStream.STDOUT, NO_LIMIT),
      () => process.readFrames(NO_LIMIT),
      () => followAll(process),
    ]) {
      expect(await refusal(read)).toMatchObject({ code: "ResourceExhausted" });
    }
  });

  it("does not keep a program from ending that wrote a little too much", async () => {
    const process = await runToEnd(makeEngine({ maxSpoolBytes: 3 }), sh("printf 1234; exit 4"));
    expect(process.snapshot().exitCode).toBe(4);
    const { code } = await refusal(() => process.readOutput(OutputStream.COMBINED, NO_LIMIT));
    expect(code).toBe("ResourceExhausted");
  });

  it("is told for the stream that it belongs to only", async () => {
    const engine = makeEngine({ maxSpoolBytes: 6 });
    const { script, next } = inSteps("printf err >&2", "printf 1234");
    const process = await startNow(engine, sh(script));
    for await (const _ of process.follow({ skipReplay: false, signal: NEVER })) {
      next(engine.rootDirectory);
      break;
    }
    await process.finished(NEVER);
    expect(await stderrText(process)).toBe("err");
    const { code } = await refusal(() => process.readOutput(OutputStream.STDOUT, NO_LIMIT));
    expect(code).toBe("ResourceExhausted");
  });

  it("is not told where the output is exactly as large as the limit", async () => {
    const process = await runToEnd(makeEngine({ maxSpoolBytes: 4 }), sh("printf 1234"));
    expect(await process.readOutput(OutputStream.COMBINED, NO_LIMIT)).toHaveLength(4);
  });

  it.each([-1, 1.5, Number.NaN])("is refused as %s bytes", (maxSpoolBytes) => {
    expect(() => makeEngine({ maxSpoolBytes })).toThrow(TypeError);
  });
});
