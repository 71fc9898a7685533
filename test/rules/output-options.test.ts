import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProcessClient, StreamOutputOptions } from "../../src/index.js";
import { notCount } from "./bad-values.js";
import { ENGINE, first, PROCESS } from "./calls.js";
import { type Refusable, refusal, refusedField, untyped } from "./refused.js";

const runs = { numRuns: 50 };
const start = { bytes: 0, crc32: 0 };

type Follow = (client: ProcessClient, options: StreamOutputOptions) => Promise<unknown>;

const FOLLOWS: readonly (readonly [title: string, follow: Follow])[] = [
  ["streamOutput", (client, options) => first(client.streamOutput(PROCESS, options))],
  ["streamLines", (client, options) => first(client.streamLines(PROCESS, options))],
  [
    "pipeOutput",
    (client, options) => client.pipeOutput(PROCESS, { ...options, stdout: new PassThrough() }),
  ],
];

describe.each(FOLLOWS)("%s refuses", (_title, follow) => {
  it("a position that no stream of output can have", async () => {
    const positions = fc.oneof(
      fc.anything().filter((value) => value !== undefined),
      fc.record({ stdout: fc.anything(), stderr: fc.constant(start) }),
      fc.record({ stdout: fc.record({ bytes: notCount(0), crc32: fc.constant(0) }) }),
      fc.record({
        stdout: fc.constant(start),
        stderr: fc.record({ bytes: fc.constant(1), crc32: notCount(0) }),
      }),
      fc.constantFrom(2 ** 32, 2 ** 33).map((crc32) => ({
        stdout: { bytes: 1, crc32 },
        stderr: start,
      })),
    );
    await fc.assert(
      fc.asyncProperty(positions, async (resumeFrom) => {
        const options = { resumeFrom: untyped(resumeFrom) };
        expect(await refusedField((client) => follow(client, options))).toMatch(
          /^resumeFrom(\.|$)/,
        );
      }),
      runs,
    );
  });

  it("a position together with skipReplay, by which nothing could be checked", async () => {
    const options = { skipReplay: true, resumeFrom: { stdout: start, stderr: start } };
    const error = await refusal((client) => follow(client, options));
    expect(error.message).toBe("resumeFrom must not be combined with skipReplay");
  });
});

describe("the proof of an output's end", () => {
  it("is refused where there is no such proof, and with skipReplay, which cannot give it", async () => {
    const follow = (options: StreamOutputOptions) => (client: ProcessClient) =>
      first(client.streamOutput(PROCESS, options));
    for (const bad of ["", "Replay", true, null]) {
      expect(await refusedField(follow({ verifyEnd: untyped(bad) }))).toBe("verifyEnd");
    }
    expect(await refusedField(follow({ verifyEnd: "replay", skipReplay: true }))).toBe("verifyEnd");
  });
});

describe("an output", () => {
  it("is read once: reading it again is refused, and does not disturb the first reader", async () => {
    const reread = async (client: ProcessClient) => {
      const output = client.streamOutput("no name");
      await expect(first(output)).rejects.toMatchObject({ field: "name" });
      return first(output);
    };
    expect((await refusal(reread)).message).toContain("call streamOutput again");
  });
});

describe("what output cannot be written to is refused", () => {
  const notWritable = fc
    .anything()
    .filter((value) => value !== undefined && typeof Object(value)["write"] !== "function");
  const spec = { command: "true" };
  const calls: Readonly<Record<string, (sinks: object) => Refusable>> = {
    pipeOutput: (sinks) => (client) => client.pipeOutput(PROCESS, sinks),
    runProcess: (sinks) => (client) => client.runProcess(ENGINE, spec, sinks),
  };

  it.each(Object.entries(calls))("by %s", async (_title, call) => {
    await fc.assert(
      fc.asyncProperty(notWritable, fc.boolean(), async (sink, err) => {
        const [field, other] = err ? ["stderr", "stdout"] : ["stdout", "stderr"];
        const sinks = { [other ?? ""]: new PassThrough(), [field ?? ""]: sink };
        expect(await refusedField(call(sinks))).toBe(field);
      }),
      runs,
    );
  });
});

describe("a choice that there is not is refused", () => {
  it("by readOutput, as the stream", async () => {
    for (const bad of ["OUTPUT_STREAM_UNSPECIFIED", "STDOUT", "stdout", "", 1, null, "toString"]) {
      const options = { outputStream: untyped(bad) };
      expect(await refusedField((client) => client.readOutput(PROCESS, options))).toBe(
        "outputStream",
      );
    }
  });

  it("by runProcess, as what happens on a timeout", async () => {
    for (const bad of ["kill", "", "Leave", null, true]) {
      const options = { onTimeout: untyped(bad) };
      expect(
        await refusedField((client) => client.runProcess(ENGINE, { command: "true" }, options)),
      ).toBe("onTimeout");
    }
  });
});
