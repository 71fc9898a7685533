import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Pipe, PipePool } from "../../../../src/stub/engine/runner/pipe-pool.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "aiem-pipes-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function close(pipe: Pipe, wasRead: boolean): void {
  closeSync(pipe.readEnd);
  closeSync(pipe.writeEnd);
  pipe.release(wasRead);
}

describe("pipes", () => {
  it("are made of the same FIFOs again after they were read to their end", async () => {
    const pool = new PipePool(() => directory);
    for (let round = 0; round < 100; round += 1) {
      for (const pipe of await pool.openTwo()) {
        close(pipe, true);
      }
    }
    // Two hundred pipes of one batch.
    expect(readdirSync(directory)).toHaveLength(32);
  });

  it("are not made again of a FIFO that was given up, or is open for reading elsewhere", async () => {
    const pool = new PipePool(() => directory);
    const before = await pool.openTwo();
    const readers = readdirSync(directory).map((name) =>
      openSync(join(directory, name), constants.O_RDONLY | constants.O_NONBLOCK),
    );
    for (const pipe of before) {
      close(pipe, true);
    }
    const held = new Set(readdirSync(directory));
    const after = await pool.openTwo();
    expect(readdirSync(directory).filter((name) => held.has(name))).toEqual([]);
    for (const pipe of after) {
      close(pipe, false);
    }
    expect(readdirSync(directory)).toHaveLength(30);
    for (const reader of readers) {
      closeSync(reader);
    }
  });

  it("do not suffer from a process that took the rights to its own away", async () => {
    const pool = new PipePool(() => directory);
    for (const pipe of await pool.openTwo()) {
      close(pipe, true);
    }
    for (const name of readdirSync(directory)) {
      chmodSync(join(directory, name), 0);
    }
    for (const pipe of await pool.openTwo()) {
      close(pipe, true);
    }
  });
});
