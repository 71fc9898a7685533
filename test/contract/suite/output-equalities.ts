import { beforeAll, describe, expect, it } from "vitest";
import type { OutputFrame, ProcessStream } from "../../../src/index.js";
import { keystream } from "../../fixtures/keystream.js";
import { collect } from "../../support/collect.js";
import { fixture, shell } from "../../support/commands.js";
import { joined } from "../../support/output.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

const STREAM_BYTES = 5 * 1024 * 1024;
const EXPECTED: Readonly<Record<ProcessStream, Buffer>> = {
  OUTPUT_STREAM_STDOUT: keystream("stdout", STREAM_BYTES),
  OUTPUT_STREAM_STDERR: keystream("stderr", STREAM_BYTES),
};

/** The equalities between the ways to read the same output, on 10 MiB of binary. */
export function defineOutputEqualities(target: ContractTarget): void {
  describe("10 MiB of interleaved binary", () => {
    const open = useTarget(target);
    let name = "";
    let live: OutputFrame[] = [];
    beforeAll(async () => {
      const { client, parent } = open();
      ({ name } = await client.createProcess(
        parent,
        fixture("both-streams.js", String(STREAM_BYTES)),
      ));
      const following = collect(client.streamOutput(name));
      await client.startProcess(name);
      live = await following;
      expect(await client.waitProcess(name)).toMatchObject({ exitCode: 0 });
    });

    it.each(["OUTPUT_STREAM_STDOUT", "OUTPUT_STREAM_STDERR"] as const)(
      "are the same bytes of %s in every way to read them",
      async (outputStream) => {
        const { client } = open();
        const expected = EXPECTED[outputStream];
        const read = await client.readOutput(name, { outputStream });
        expect(expected.equals(read)).toBe(true);
        const frames = await client.readOutputFrames(name);
        expect(expected.equals(joined(frames, outputStream))).toBe(true);
        expect(expected.equals(joined(live, outputStream))).toBe(true);
        const replay = await collect(client.streamOutput(name));
        expect(expected.equals(joined(replay, outputStream))).toBe(true);
      },
    );

    it("are combined in the order of the frames, which is the default of readOutput", async () => {
      const { client } = open();
      const frames = joined(await client.readOutputFrames(name));
      expect(frames.length).toBe(2 * STREAM_BYTES);
      expect(frames.equals(await client.readOutput(name))).toBe(true);
      const outputStream = "OUTPUT_STREAM_COMBINED";
      expect(frames.equals(await client.readOutput(name, { outputStream }))).toBe(true);
    });

    it("come in frames of one stream each, none of them empty", async () => {
      const { client } = open();
      for (const { stream, data } of await client.readOutputFrames(name)) {
        expect(["OUTPUT_STREAM_STDOUT", "OUTPUT_STREAM_STDERR"]).toContain(stream);
        expect(data.length).toBeGreaterThan(0);
      }
    });
  });

  describe("little output", () => {
    const open = useTarget(target);

    it("can be read while the process runs, as far as there is some", async () => {
      const { client, parent } = open();
      const script = "echo early; sleep 600";
      const { name } = await client.createProcess(parent, shell(script), { autoRun: true });
      await expect
        .poll(async () => Buffer.from(await client.readOutput(name)).toString())
        .toBe("early\n");
      expect(joined(await client.readOutputFrames(name)).toString()).toBe("early\n");
    });

    it("is empty of a process that wrote nothing, and of one that is PENDING", async () => {
      const { client, parent } = open();
      const silent = await client.runProcess(parent, shell("exit 0"));
      const pending = await client.createProcess(parent, shell("exit 0"));
      for (const { name } of [silent.process, pending]) {
        expect(await client.readOutput(name)).toEqual(new Uint8Array(0));
        expect(await client.readOutputFrames(name)).toEqual([]);
      }
      expect(await collect(client.streamOutput(silent.process.name))).toEqual([]);
    });

    it("keeps every byte value, and the order within a stream", async () => {
      const { client, parent } = open();
      const script =
        'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done';
      const { process } = await client.runProcess(parent, shell(script), { check: true });
      const bytes = await client.readOutput(process.name);
      expect([...bytes]).toEqual(Array.from({ length: 256 }, (_, value) => value));
    });
  });
}
