import { crc32 } from "node:zlib";
import { Code } from "@connectrpc/connect";
import { beforeAll, describe, expect, it } from "vitest";
import { type OutputChunk, OutputGapError, type OutputPosition } from "../../../src/index.js";
import { keystream } from "../../fixtures/keystream.js";
import { collect } from "../../support/collect.js";
import { fixture, shell } from "../../support/commands.js";
import { joined, texts } from "../../support/output.js";
import { rejection } from "../../support/rejection.js";
import { until } from "../../support/until.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

const BYTES = 300_000;
const STDOUT = keystream("stdout", BYTES);
const STDERR = keystream("stderr", BYTES);
const END = {
  stdout: { bytes: BYTES, crc32: crc32(STDOUT) },
  stderr: { bytes: BYTES, crc32: crc32(STDERR) },
};

/** Offsets, positions, and going on after one. */
export function definePositions(target: ContractTarget): void {
  describe("the position in an output", () => {
    const open = useTarget(target);
    let name = "";
    beforeAll(async () => {
      const { client, parent } = open();
      const run = fixture("both-streams.js", String(BYTES));
      name = (await client.runProcess(parent, run, { check: true })).process.name;
    });

    it("counts the bytes of each stream, and is that of the last chunk handed over", async () => {
      const { client } = open();
      const output = client.streamOutput(name);
      const nothing = { bytes: 0, crc32: 0 };
      expect(output.position).toEqual({ stdout: nothing, stderr: nothing });
      const seen = { OUTPUT_STREAM_STDOUT: 0, OUTPUT_STREAM_STDERR: 0 };
      for await (const { stream, data, offset } of output) {
        expect(offset).toBe(seen[stream]);
        seen[stream] += data.length;
        expect(output.position).toEqual({
          stdout: positionAt(STDOUT, seen.OUTPUT_STREAM_STDOUT),
          stderr: positionAt(STDERR, seen.OUTPUT_STREAM_STDERR),
        });
      }
      expect(output.position).toEqual(END);
    });

    it("is where another stream goes on, after a detour through JSON", async () => {
      const { client } = open();
      const read: OutputChunk[] = [];
      let position: OutputPosition | undefined;
      let streams = 0;
      for (let more = true; more; streams += 1) {
        const output = client.streamOutput(name, { resumeFrom: position });
        let chunks = 0;
        more = false;
        for await (const chunk of output) {
          read.push(chunk);
          chunks += 1;
          if (chunks === 3) {
            more = true;
            break;
          }
        }
        position = JSON.parse(JSON.stringify(output.position));
      }
      expect(streams).toBeGreaterThan(2);
      expect(joined(read, "OUTPUT_STREAM_STDOUT").equals(STDOUT)).toBe(true);
      expect(joined(read, "OUTPUT_STREAM_STDERR").equals(STDERR)).toBe(true);
    });

    it("can be inside of a chunk, and of one stream only", async () => {
      const { client } = open();
      for (const [out, err] of [
        [1, 0],
        [0, 123_457],
        [BYTES - 1, BYTES],
      ] as const) {
        const resumeFrom = { stdout: positionAt(STDOUT, out), stderr: positionAt(STDERR, err) };
        const rest = await collect(client.streamOutput(name, { resumeFrom }));
        expect(joined(rest, "OUTPUT_STREAM_STDOUT").equals(STDOUT.subarray(out))).toBe(true);
        expect(joined(rest, "OUTPUT_STREAM_STDERR").equals(STDERR.subarray(err))).toBe(true);
        expect(rest.find(({ stream }) => stream === "OUTPUT_STREAM_STDOUT")?.offset).toBe(out);
      }
    });

    it("at the end leaves nothing to read", async () => {
      const { client } = open();
      const output = client.streamOutput(name, { resumeFrom: END });
      expect(await collect(output)).toEqual([]);
      expect(output.position).toEqual(END);
    });

    it("in the output of a process that runs leads on to what it writes next", async () => {
      const { client, parent } = open();
      const script = "echo one; read -r _ < fifo; echo two";
      const made = shell(`mkfifo fifo; ${script}`);
      const running = await client.createProcess(parent, made, { autoRun: true });
      const first = client.streamOutput(running.name);
      await until(first, (chunks) => joined(chunks).includes("one\n"));
      const rest = collect(client.streamOutput(running.name, { resumeFrom: first.position }));
      await client.runProcess(parent, shell("echo > fifo; rm fifo"), { check: true });
      expect(texts(await rest)).toEqual({ stdout: "two\n", stderr: "" });
    });

    it.each(["stdout", "stderr"] as const)(
      "of other bytes of %s is an OutputGapError that names the stream and the bytes",
      async (stream) => {
        const { client } = open();
        const bytes = 5_000;
        const right = { stdout: positionAt(STDOUT, 0), stderr: positionAt(STDERR, 0) };
        const resumeFrom = { ...right, [stream]: { bytes, crc32: 12_345 } };
        const error = await rejection(collect(client.streamOutput(name, { resumeFrom })));
        const streamName = `OUTPUT_STREAM_${stream.toUpperCase()}`;
        expect(error).toBeInstanceOf(OutputGapError);
        expect(error).toMatchObject({
          code: Code.DataLoss,
          stream: streamName,
          fromByte: 0,
          toByte: bytes,
          message: expect.stringMatching(`${name}.*${streamName}.*bytes 0 to ${bytes}`),
        });
      },
    );

    it("beyond the end is an OutputGapError that names what is missing", async () => {
      const { client } = open();
      const toByte = BYTES + 10;
      const resumeFrom = { ...END, stderr: { bytes: toByte, crc32: 1 } };
      const error = await rejection(collect(client.streamOutput(name, { resumeFrom })));
      expect(error).toBeInstanceOf(OutputGapError);
      expect(error).toMatchObject({ stream: "OUTPUT_STREAM_STDERR", fromByte: BYTES, toByte });
    });
  });
}

function positionAt(output: Buffer, bytes: number): { bytes: number; crc32: number } {
  return { bytes, crc32: crc32(output.subarray(0, bytes)) };
}
