import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OutputStream, Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { keystream } from "../../fixtures/keystream.js";
import {
  createPending,
  fixture,
  followAll,
  makeEngine,
  NEVER,
  NO_LIMIT,
  openFiles,
  refusal,
  runToEnd,
  sh,
  startNow,
  stderrText,
  stdoutText,
  untilStdout,
} from "./support.js";

const SIZE = 6_000_000;

describe("captured output", () => {
  it("is the same bytes in order, whichever way 12 MB of both streams are read", async () => {
    const process = await startNow(makeEngine(), fixture("both-streams.js", `${SIZE}`));
    const live = await followAll(process);
    expect(Math.min(...live.map(({ data }) => data.length))).toBeGreaterThan(0);
    const stdout = keystream("stdout", SIZE);
    const stderr = keystream("stderr", SIZE);
    const frames = await process.readFrames(NO_LIMIT);
    for (const read of [live, frames]) {
      const of = (stream: OutputStream) =>
        Buffer.concat(read.filter((chunk) => chunk.stream === stream).map(({ data }) => data));
      expect(of(OutputStream.STDOUT).equals(stdout)).toBe(true);
      expect(of(OutputStream.STDERR).equals(stderr)).toBe(true);
    }
    expect(stdout.equals(await process.readOutput(OutputStream.STDOUT, SIZE))).toBe(true);
    expect(stdout.equals(await process.readOutput(OutputStream.UNSPECIFIED, SIZE))).toBe(true);
    expect(stderr.equals(await process.readOutput(OutputStream.STDERR, SIZE))).toBe(true);
    const combined = await process.readOutput(OutputStream.COMBINED, 2 * SIZE);
    expect(Buffer.concat(frames.map(({ data }) => data)).equals(combined)).toBe(true);
  });

  it("has no frame larger than what a pipe gives at once", async () => {
    const process = await runToEnd(makeEngine(), fixture("both-streams.js", "1000000"));
    const sizes = (await process.readFrames(NO_LIMIT)).map(({ data }) => data.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  it("holds what a program writes through /dev/stderr and /dev/stdout", async () => {
    const process = await runToEnd(
      makeEngine(),
      sh("echo one > /dev/stderr; echo two | tee /dev/stdout; echo three >> /dev/stdout"),
    );
    expect(await stderrText(process)).toBe("one\n");
    expect(await stdoutText(process)).toBe("two\ntwo\nthree\n");
    expect(process.state).toBe(Process_State.SUCCEEDED);
  });

  it("is empty for a program that writes nothing, and for one that was not started", async () => {
    const engine = makeEngine();
    for (const process of [
      await runToEnd(engine, { command: "true" }),
      await createPending(engine, { command: "true" }),
    ]) {
      expect(await process.readOutput(OutputStream.COMBINED, 0)).toEqual(new Uint8Array(0));
      expect(await process.readFrames(0)).toEqual([]);
    }
  });

  it("is what there is so far while the program runs", async () => {
    const process = await startNow(makeEngine(), fixture("forever.js"));
    await untilStdout(process, "ready");
    expect(await stdoutText(process)).toBe("ready\n");
  });

  it("reaches the program's reader although it gets nothing on standard input", async () => {
    const process = await runToEnd(makeEngine(), sh("cat; echo end"));
    expect(await stdoutText(process)).toBe("end\n");
  });

  it("is complete for a program that closes its streams and runs on", async () => {
    const engine = makeEngine();
    const file = join(engine.rootDirectory, "end");
    const process = await startNow(engine, fixture("closed-output.js", file));
    await untilStdout(process, "bye");
    expect(process.state).toBe(Process_State.RUNNING);
    writeFileSync(file, "");
    await process.finished(NEVER);
    expect(await stdoutText(process)).toBe("bye");
    expect(process.snapshot().exitCode).toBe(5);
  });

  it("is not read into one message beyond its limit, and says what to use", async () => {
    const process = await runToEnd(makeEngine(), sh("printf 12345; printf 678 >&2"));
    const reads = [
      () => process.readOutput(OutputStream.STDOUT, 4),
      () => process.readOutput(OutputStream.COMBINED, 7),
      () => process.readFrames(7),
    ];
    for (const read of reads) {
      const { code, message } = await refusal(read);
      expect(code).toBe("ResourceExhausted");
      expect(message).toContain("use StreamOutput");
    }
    expect(await process.readOutput(OutputStream.STDERR, 3)).toHaveLength(3);
  });

  it("is refused for a stream that the contract does not know", async () => {
    const process = await runToEnd(makeEngine(), { command: "true" });
    const unknown: OutputStream = JSON.parse("9");
    const { code } = await refusal(() => process.readOutput(unknown, NO_LIMIT));
    expect(code).toBe("InvalidArgument");
  });

  it("leaves no file open once the process has ended and was read", async () => {
    const engine = makeEngine();
    await runToEnd(engine, sh("echo warm up"));
    const before = openFiles();
    const process = await runToEnd(engine, fixture("both-streams.js", "300000"));
    await process.readFrames(NO_LIMIT);
    await stdoutText(process);
    expect(openFiles()).toBe(before);
  });

  it("is whole for each of many processes at once, however short they are", async () => {
    const engine = makeEngine();
    await runToEnd(engine, sh("echo warm up"));
    const before = openFiles();
    const processes = await Promise.all(
      Array.from({ length: 60 }, () => runToEnd(engine, sh("seq 1 3000; seq 1 500 >&2"))),
    );
    const lines = (last: number) =>
      Array.from({ length: last }, (_, index) => `${index + 1}\n`).join("");
    for (const process of processes) {
      expect(await stdoutText(process)).toBe(lines(3000));
      expect(await stderrText(process)).toBe(lines(500));
    }
    expect(openFiles()).toBe(before);
  });
});
