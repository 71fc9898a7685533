import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OutputStream } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  readCaptured,
  readCapturedFrames,
  takeJoined,
} from "../../../../src/stub/engine/process-output.js";
import type { WrittenStream } from "../../../../src/stub/engine/runner/runner.js";
import { FileSpool, SmallOutputs } from "../../../../src/stub/engine/spool/file-spool.js";
import { openFiles } from "../support.js";

const { STDOUT, STDERR, COMBINED } = OutputStream;

let directory: string;
let made = 0;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "aiem-spool-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function makeSpool({
  maxBytes = 1e9,
  path = "",
  smallOutputs = new SmallOutputs(),
} = {}): FileSpool {
  made += 1;
  const file = path === "" ? join(directory, `${made}`) : path;
  return new FileSpool({ path: () => file, maxBytes, onReadable: () => {} }, smallOutputs);
}

const stream = fc.constantFrom<WrittenStream>(STDOUT, STDERR);
// Around the block of 64 KiB, so that headers and chunks lie across its border in every way.
const length = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 65_500, max: 65_540 }),
  fc.integer({ min: 1, max: 150_000 }),
);

describe("a spool file", () => {
  it("gives back every chunk, in order and unchanged, whatever their sizes", async () => {
    const chunks = fc.array(fc.tuple(stream, length, fc.integer({ min: 0, max: 255 })), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(chunks, async (written) => {
        const spool = makeSpool();
        const expected = written.map(([of, size, byte]) => ({
          stream: of,
          data: Buffer.alloc(size, byte),
        }));
        for (const chunk of expected) {
          await spool.write(chunk.stream, chunk.data);
        }
        await spool.finish();
        const frames = await readCapturedFrames(spool, 1e9);
        expect(frames.length).toBe(expected.length);
        for (const [index, frame] of frames.entries()) {
          expect(frame.stream).toBe(expected[index]?.stream);
          expect(expected[index]?.data.equals(frame.data)).toBe(true);
        }
        const all = Buffer.concat(expected.map(({ data }) => data));
        expect(all.equals(await readCaptured(spool, COMBINED, 1e9))).toBe(true);
        await spool.remove();
      }),
      { numRuns: 60 },
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  it("joins chunks without moving a byte from one stream to the other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(stream, length), { maxLength: 30 }), async (written) => {
        const spool = makeSpool();
        const expected = new Map<WrittenStream, Buffer[]>();
        for (const [index, [of, size]] of written.entries()) {
          const data = Buffer.alloc(size, index);
          expected.set(of, [...(expected.get(of) ?? []), data]);
          await spool.write(of, data);
        }
        await spool.finish();
        const read = new Map<WrittenStream, Uint8Array[]>();
        const reader = spool.openReader(0);
        while (await reader.fill()) {
          for (let chunk = takeJoined(reader); chunk; chunk = takeJoined(reader)) {
            expect(chunk.data.length).toBeGreaterThan(0);
            expect(chunk.data.length).toBeLessThanOrEqual(32 * 1024);
            read.set(chunk.stream, [...(read.get(chunk.stream) ?? []), chunk.data]);
          }
        }
        for (const of of [STDOUT, STDERR] as const) {
          const same = Buffer.concat(expected.get(of) ?? []).equals(
            Buffer.concat(read.get(of) ?? []),
          );
          expect(same).toBe(true);
        }
        await spool.remove();
      }),
      { numRuns: 40 },
    );
  });

  it("is not made while there is little in it, and gone after its removal", async () => {
    const spool = makeSpool();
    expect(spool.write(STDOUT, new Uint8Array(0))).toBe(true);
    expect(await spool.openReader(0).fill()).toBe(false);
    expect(spool.write(STDOUT, Buffer.alloc(4000, "a"))).toBe(true);
    expect(await spool.openReader(0).fill()).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
    expect(spool.write(STDOUT, Buffer.alloc(100, "b"))).toBe(true);
    await spool.finish();
    expect(readdirSync(directory)).toHaveLength(1);
    expect(Buffer.from(await readCaptured(spool, STDOUT, 1e9)).toString()).toBe(
      "a".repeat(4000) + "b".repeat(100),
    );
    await spool.remove();
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is made at once where many other outputs are in memory", async () => {
    const smallOutputs = new SmallOutputs();
    const spools = Array.from({ length: 1100 }, () => makeSpool({ smallOutputs }));
    for (const spool of spools) {
      void spool.write(STDOUT, Buffer.alloc(4000));
    }
    await Promise.all(spools.map((spool) => spool.finish()));
    const files = readdirSync(directory).length;
    expect(files).toBeGreaterThan(0);
    expect(files).toBeLessThan(100);
    await Promise.all(spools.map((spool) => spool.remove()));
    const next = makeSpool({ smallOutputs });
    void next.write(STDOUT, Buffer.alloc(4000));
    await next.finish();
    expect(readdirSync(directory)).toEqual([]);
  });

  it("asks its writer to wait while more than a megabyte is on its way to the disk", async () => {
    const spool = makeSpool();
    const chunk = Buffer.alloc(64 * 1024);
    let accepted = 0;
    let waiting: true | Promise<boolean> = true;
    while (waiting === true) {
      waiting = spool.write(STDOUT, chunk);
      accepted += chunk.length;
    }
    expect(accepted).toBeGreaterThan(900 * 1024);
    expect(accepted).toBeLessThan(1200 * 1024);
    expect(await waiting).toBe(true);
    await spool.finish();
    expect(spool.extent.stdoutBytes).toBe(accepted);
    await spool.remove();
  });

  it("keeps what it has where the disk refuses, and names what is missing", async () => {
    const spool = makeSpool({ path: join(directory, "missing", "file") });
    void spool.write(STDERR, Buffer.from("kept"));
    void spool.write(STDOUT, Buffer.alloc(5000));
    await spool.finish();
    expect(await spool.write(STDOUT, Buffer.from("more"))).toBe(false);
    expect(spool.shortfall(STDOUT)?.rawMessage).toContain("ENOENT");
    expect(spool.shortfall(STDERR)).toBeUndefined();
    expect(spool.extent).toMatchObject({ stdoutBytes: 0, stderrBytes: 4 });
    expect(Buffer.from(await readCaptured(spool, STDERR, 1e9)).toString()).toBe("kept");
    await spool.remove();
  });

  it("closes the files of readers that nobody reads on", async () => {
    const before = openFiles();
    const spool = makeSpool();
    void spool.write(STDOUT, Buffer.alloc(200_000));
    await spool.finish();
    const readers = [spool.openReader(0), spool.openReader(0)];
    for (const reader of readers) {
      expect(await reader.fill()).toBe(true);
    }
    expect(openFiles()).toBe(before + 2);
    await spool.remove();
    expect(openFiles()).toBe(before);
    for (const reader of readers) {
      await expect(reader.fill()).rejects.toThrow();
    }
  });
});
