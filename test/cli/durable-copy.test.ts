import { afterAll, beforeAll, expect, it } from "vitest";
import { durableCopy } from "../../src/cli/durable-copy.js";
import type { CopyFile, CopyFileSystem } from "../../src/cli/resume-file.js";
import { ProcessClient } from "../../src/index.js";
import { createStubTransport, type StubTransport } from "../../src/stub/index.js";
import { Crash, LosingFileSystem } from "./support/losing-file-system.js";

let stub: StubTransport;
let client: ProcessClient;
let name: string;
let stdout: Buffer;
let stderr: Buffer;

const OUTPUT = "/data/output";
const RESUME_FILE = "/positions/resume";

beforeAll(async () => {
  stub = createStubTransport();
  client = new ProcessClient({ transport: stub.transport });
  // Bytes that tell which stream they are of; enough for several saves.
  const script =
    "seq 1 150000 | tr -d '\\n' & seq 1 150000 | tr '0-9' 'a-j' | tr -d '\\n' >&2; wait";
  const spec = { command: "sh", args: ["-c", script] };
  name = (await client.createProcess(stub.parent, spec, { autoRun: true })).name;
  await client.waitProcess(name);
  const read = async (outputStream: "OUTPUT_STREAM_STDOUT" | "OUTPUT_STREAM_STDERR") =>
    Buffer.from(await client.readOutput(name, { outputStream }));
  stdout = await read("OUTPUT_STREAM_STDOUT");
  stderr = await read("OUTPUT_STREAM_STDERR");
});

afterAll(async () => {
  client.close();
  await stub.close();
});

function copyTo(fs: CopyFileSystem): Promise<number> {
  return durableCopy({
    client,
    name,
    stream: "OUTPUT_STREAM_COMBINED",
    output: OUTPUT,
    resumeFile: RESUME_FILE,
    signal: new AbortController().signal,
    fs,
  });
}

function expectWhole(copy: Buffer | undefined): void {
  const isDigit = (byte: number) => byte < 0x61;
  expect(copy?.length).toBe(stdout.length + stderr.length);
  expect(copy && Buffer.compare(copy.filter(isDigit), stdout)).toBe(0);
  expect(
    copy &&
      Buffer.compare(
        copy.filter((byte) => !isDigit(byte)),
        stderr,
      ),
  ).toBe(0);
}

/** Numbers that are the same in each run, so that a failure comes again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

it("a copy that finds the disk full says so, and goes on when there is room", async () => {
  const disk = new LosingFileSystem(Number.POSITIVE_INFINITY, randomFrom(1));
  let room = 500_000;
  const full: CopyFileSystem = {
    stat: (path) => disk.stat(path),
    readFile: (path) => disk.readFile(path),
    rename: (from, to) => disk.rename(from, to),
    open: async (path, flags) => {
      const file = await disk.open(path, flags);
      const write: CopyFile["write"] = async (data, offset, length, position) => {
        room -= length;
        if (room < 0) {
          throw Object.assign(new Error("ENOSPC: no space left on device, write"), {
            code: "ENOSPC",
          });
        }
        return await file.write(data, offset, length, position);
      };
      return { ...file, write };
    },
  };
  await expect(copyTo(full)).rejects.toThrow(
    "the copy to /data/output failed: ENOSPC: no space left on device, write",
  );
  room = Number.POSITIVE_INFINITY;
  await copyTo(full);
  expectWhole(disk.contentOf(OUTPUT));
});

it("a copy is whole although the machine crashes in any operation, and loses what was not synced", {
  timeout: 120_000,
}, async () => {
  const whole = new LosingFileSystem(Number.POSITIVE_INFINITY, randomFrom(1));
  await copyTo(whole);
  expectWhole(whole.contentOf(OUTPUT));
  expect(whole.operations).toBeGreaterThan(50);

  for (let crashAt = 1; crashAt <= whole.operations; crashAt += 1) {
    const random = randomFrom(crashAt + 1);
    let fs = new LosingFileSystem(crashAt, random);
    for (let crashes = 0; ; crashes += 1) {
      try {
        await copyTo(fs);
        break;
      } catch (error) {
        expect(
          error instanceof Error && error.cause instanceof Crash ? error.cause : error,
        ).toBeInstanceOf(Crash);
        const again = crashes < 2 ? Math.ceil(random() * 60) : undefined;
        fs = fs.recovered(again);
      }
    }
    expectWhole(fs.contentOf(OUTPUT));
  }
});
