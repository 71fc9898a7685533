import { describe, expect, it } from "vitest";
import { OutputStream, Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { inSteps } from "../../support/in-steps.js";
import {
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

describe("output beyond maxSpoolBytes", () => {
  it("stops a program that writes on, and is told to readers after its end", async () => {
    const process = await startNow(makeEngine({ maxSpoolBytes: 100_000 }), sh("exec yes"));
    let received = 0;
    const following = refusal(async () => {
      for await (const { data } of process.follow({ skipReplay: false, signal: NEVER })) {
        received += data.length;
      }
    });
    await until(() => received === 100_000);
    expect(process.state).toBe(Process_State.RUNNING);
    expect(await process.readOutput(OutputStream.STDOUT, NO_LIMIT)).toHaveLength(100_000);
    process.signal(15);
    await process.finished(NEVER);
    expect(process.snapshot().exitCode).toBe(143);
    const refusals = [
      await following,
      await refusal(() => process.readOutput(OutputStream.STDOUT, NO_LIMIT)),
      await refusal(() => process.readFrames(NO_LIMIT)),
    ];
    for (const { code, message } of refusals) {
      expect(code).toBe("ResourceExhausted");
      expect(message).toContain("100000");
    }
    expect(received).toBe(100_000);
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
