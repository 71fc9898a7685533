import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OutputStream, Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { EngineProcess } from "../../../src/stub/engine/engine-process.js";
import { inSteps } from "../../support/in-steps.js";
import {
  createPending,
  fixture,
  makeEngine,
  NEVER,
  openFiles,
  runToEnd,
  sh,
  startNow,
  stdoutText,
  text,
  untilStdout,
} from "./support.js";

function follow(process: EngineProcess, skipReplay = false, signal: AbortSignal = NEVER) {
  return process.follow({ skipReplay, signal })[Symbol.asyncIterator]();
}

async function collect(process: EngineProcess, skipReplay = false): Promise<string> {
  let all = "";
  for await (const { data } of process.follow({ skipReplay, signal: NEVER })) {
    all += text(data);
  }
  return all;
}

/** What is less is kept in memory, and has no file. */
const TOO_MUCH_FOR_MEMORY = "printf %0200000d 0";

describe("following the output", () => {
  it("waits for the start of a PENDING process and then shows its first byte", async () => {
    const process = await createPending(makeEngine(), sh("echo first"));
    const following = collect(process);
    const skipping = collect(process, true);
    await process.start();
    expect(await following).toBe("first\n");
    expect(await skipping).toBe("first\n");
  });

  it("shows output while the program runs, and ends after the final state", async () => {
    const engine = makeEngine();
    const { script, next } = inSteps("echo 1", "echo 2", "echo 3");
    const process = await startNow(engine, sh(script));
    const seen: string[] = [];
    for await (const { data } of process.follow({ skipReplay: false, signal: NEVER })) {
      seen.push(text(data));
      if (seen.length < 3) {
        expect(process.state).toBe(Process_State.RUNNING);
      }
      next(engine.rootDirectory);
    }
    expect(process.state).toBe(Process_State.SUCCEEDED);
    expect(seen).toEqual(["1\n", "2\n", "3\n"]);
  });

  it("with skipReplay starts at what was captured at the call", async () => {
    const engine = makeEngine();
    const go = join(engine.rootDirectory, "go");
    const process = await startNow(
      engine,
      sh(`echo old; until [ -e "${go}" ]; do sleep 0.01; done; echo new`),
    );
    await untilStdout(process, "old");
    const atTheCall = process.follow({ skipReplay: true, signal: NEVER });
    writeFileSync(go, "");
    await process.finished(NEVER);
    let seen = "";
    for await (const { data } of atTheCall) {
      seen += text(data);
    }
    expect(seen).toBe("new\n");
    expect(await collect(process, true)).toBe("");
    expect(await collect(process)).toBe("old\nnew\n");
  });

  it("replays small adjacent chunks of one stream as one", async () => {
    const process = await runToEnd(makeEngine(), fixture("ticks.js", "5"));
    const first = await follow(process).next();
    expect(text(first.value.data)).toBe(await stdoutText(process));
  });

  it("never joins chunks of different streams", async () => {
    const engine = makeEngine();
    const { script, next } = inSteps("echo a", "echo b >&2", "echo c");
    const process = await startNow(engine, sh(script));
    for await (const _ of process.follow({ skipReplay: false, signal: NEVER })) {
      next(engine.rootDirectory);
    }
    const chunks: string[] = [];
    for await (const { stream, data } of process.follow({ skipReplay: false, signal: NEVER })) {
      chunks.push(`${OutputStream[stream]} ${text(data)}`);
    }
    expect(chunks).toEqual(["STDOUT a\n", "STDERR b\n", "STDOUT c\n"]);
  });

  it("passes on the bytes of a character that was written in two", async () => {
    const process = await startNow(makeEngine(), fixture("split-utf8.js"));
    const parts: Uint8Array[] = [];
    for await (const { data } of process.follow({ skipReplay: false, signal: NEVER })) {
      parts.push(data);
    }
    expect(parts.length).toBeGreaterThan(1);
    expect(Buffer.concat(parts).toString()).toBe("grüß 🎈");
  });

  it("ends with the signal's reason while it waits, and releases its file", async () => {
    const process = await startNow(makeEngine(), sh(`${TOO_MUCH_FOR_MEMORY}; exec sleep 1000`));
    await untilStdout(process, "0".repeat(200_000));
    const before = openFiles();
    const leaving = new AbortController();
    const iterator = follow(process, false, leaving.signal);
    for (let bytes = 0; bytes < 200_000; ) {
      bytes += (await iterator.next()).value?.data.length;
    }
    expect(openFiles()).toBe(before + 1);
    const waiting = iterator.next();
    const reason = new Error("enough");
    leaving.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(openFiles()).toBe(before);
    expect(process.state).toBe(Process_State.RUNNING);
  });

  it("ends with the signal's reason where it is aborted already, or before the start", async () => {
    const process = await createPending(makeEngine(), { command: "true" });
    const reason = new Error("enough");
    await expect(follow(process, false, AbortSignal.abort(reason)).next()).rejects.toBe(reason);
    const leaving = new AbortController();
    const waiting = follow(process, false, leaving.signal).next();
    leaving.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it("releases its file when the loop is left", async () => {
    const process = await runToEnd(makeEngine(), sh(TOO_MUCH_FOR_MEMORY));
    const before = openFiles();
    for await (const _ of process.follow({ skipReplay: false, signal: NEVER })) {
      expect(openFiles()).toBe(before + 1);
      break;
    }
    expect(openFiles()).toBe(before);
  });

  it("does not slow the process or other followers where one does not read on", async () => {
    const process = await startNow(makeEngine(), sh("head -c 20000000 /dev/zero"));
    const stalled = follow(process);
    await stalled.next();
    let bytes = 0;
    for await (const { data } of process.follow({ skipReplay: false, signal: NEVER })) {
      bytes += data.length;
    }
    expect(bytes).toBe(20_000_000);
    expect(process.state).toBe(Process_State.SUCCEEDED);
    await stalled.return?.();
  });

  it("lets a follower that fell behind read the rest after the end", async () => {
    const process = await startNow(makeEngine(), sh("head -c 3000000 /dev/zero"));
    const slow = follow(process);
    let bytes = (await slow.next()).value.data.length;
    await process.finished(NEVER);
    for (let step = await slow.next(); step.done !== true; step = await slow.next()) {
      bytes += step.value.data.length;
    }
    expect(bytes).toBe(3_000_000);
  });
});
