import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Process_State } from "../../src/gen.js";
import { OutputGapError, ReplayStalledError, type ResumeEvent } from "../../src/index.js";
import { collect } from "../support/collect.js";
import { texts } from "../support/output.js";
import { rejection } from "../support/rejection.js";
import { NAME, scriptOutput } from "./support/scripted-output.js";
import { WAYS } from "./support/ways.js";

const state = Process_State.SUCCEEDED;
const broken = new ConnectError("broken", Code.Unavailable);

describe.each(WAYS)(
  "a stream that is opened again, over $protocol and HTTP/$httpVersion",
  (way) => {
    it("was ended cleanly while the process runs: it goes on until the process is final", async () => {
      const resumes: ResumeEvent[] = [];
      await using scripted = await scriptOutput(
        way,
        [{ frames: ["abc"] }, { frames: [] }, { frames: ["abc", { err: "E" }, "def"], state }],
        { onResume: (event) => resumes.push(event) },
      );
      const chunks = await collect(scripted.client.streamOutput(NAME));
      expect(texts(chunks)).toEqual({ stdout: "abcdef", stderr: "E" });
      expect(chunks.map(({ offset }) => offset)).toEqual([0, 0, 3]);
      expect(scripted.streams).toBe(3);
      expect(resumes).toMatchObject([{ resource: NAME, replayedBytes: 3 }]);
    });

    it("may cut the same bytes into other frames, in another order of the streams", async () => {
      await using scripted = await scriptOutput(way, [
        { frames: ["abc", { err: "ER" }, "def"], error: broken },
        { frames: [{ err: "E" }, "", "abcd", { err: "R" }, "efg", { err: "S" }], state },
      ]);
      const chunks = await collect(scripted.client.streamOutput(NAME));
      expect(texts(chunks)).toEqual({ stdout: "abcdefg", stderr: "ERS" });
    });

    it("ended cleanly and too early, though the process is final: verifyEnd finds the rest", async () => {
      const script = [{ frames: ["abc"], state }, { frames: ["abc", "def"] }];
      for (const [verifyEnd, text, streams] of [
        ["status", "abc", 1],
        ["replay", "abcdef", 3],
      ] as const) {
        await using scripted = await scriptOutput(way, script);
        const chunks = await collect(scripted.client.streamOutput(NAME, { verifyEnd }));
        expect(texts(chunks).stdout).toBe(text);
        expect(scripted.streams).toBe(streams);
      }
    });

    it("is shorter than what had been sent, again: an OutputGapError names the bytes", async () => {
      await using scripted = await scriptOutput(way, [
        { frames: ["abcdef", { err: "E" }], error: broken, state },
        { frames: ["abc", { err: "E" }] },
      ]);
      const output = scripted.client.streamOutput(NAME);
      const error = await rejection(collect(output));
      expect(error).toBeInstanceOf(OutputGapError);
      expect(error).toMatchObject({
        code: Code.DataLoss,
        stream: "OUTPUT_STREAM_STDOUT",
        fromByte: 3,
        toByte: 6,
      });
      expect(output.position?.stdout.bytes).toBe(6);
      expect(scripted.streams).toBe(3);
    });

    it("is shorter once only: that was no loss", async () => {
      await using scripted = await scriptOutput(way, [
        { frames: ["abcdef"], error: broken, state },
        { frames: ["abc"] },
        { frames: ["abcdefgh"] },
      ]);
      expect(texts(await collect(scripted.client.streamOutput(NAME))).stdout).toBe("abcdefgh");
    });

    it.each([
      ["stdout", "OUTPUT_STREAM_STDOUT", ["abXdef", { err: "EFG" }, "more"], 6],
      ["stderr", "OUTPUT_STREAM_STDERR", [{ err: "EFX" }, "abcdef", { err: "more" }], 3],
      [
        "stderr, in one frame with new bytes",
        "OUTPUT_STREAM_STDERR",
        ["abcdef", { err: "XFGmore" }],
        3,
      ],
    ] as const)(
      "is different in %s: an OutputGapError, and none of it is delivered",
      async (...args) => {
        const [, stream, frames, toByte] = args;
        await using scripted = await scriptOutput(way, [
          { frames: ["abcdef", { err: "EFG" }], error: broken },
          { frames, state },
        ]);
        const chunks: Uint8Array[] = [];
        const error = await rejection(
          (async () => {
            for await (const { data } of scripted.client.streamOutput(NAME)) {
              chunks.push(data);
            }
          })(),
        );
        expect(error).toBeInstanceOf(OutputGapError);
        expect(error).toMatchObject({ code: Code.DataLoss, stream, fromByte: 0, toByte });
        expect(chunks.filter((data) => Buffer.from(data).includes("more"))).toEqual([]);
        expect(Buffer.concat(chunks).toString().slice(0, 9)).toBe("abcdefEFG");
      },
    );

    it("breaks off before the position three times: a ReplayStalledError, later it goes on", async () => {
      await using scripted = await scriptOutput(way, [
        { frames: ["abcdef"], error: broken },
        { frames: ["abc"], error: broken },
        { frames: ["abcde"], error: broken },
        { frames: ["ab"], error: broken },
        { frames: ["abcdef", "ghi"], state },
      ]);
      const output = scripted.client.streamOutput(NAME);
      const error = await rejection(collect(output));
      expect(error).toBeInstanceOf(ReplayStalledError);
      expect(error).toMatchObject({ code: Code.Unavailable, cause: { rawMessage: /broken/ } });
      expect(scripted.streams).toBe(4);
      const rest = scripted.client.streamOutput(NAME, { resumeFrom: output.position });
      expect(texts(await collect(rest)).stdout).toBe("ghi");
    });

    it("cannot be, without replay: a break is an OutputGapError that knows no bytes", async () => {
      await using scripted = await scriptOutput(way, [{ frames: ["abc"], error: broken }]);
      const output = scripted.client.streamOutput(NAME, { skipReplay: true });
      const error = await rejection(collect(output));
      expect(error).toBeInstanceOf(OutputGapError);
      expect(error).toMatchObject({ stream: undefined, fromByte: undefined, toByte: undefined });
      expect(scripted.streams).toBe(1);
    });
  },
);
