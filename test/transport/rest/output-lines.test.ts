import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Failure } from "../../../src/errors/outcome.js";
import { unreadable } from "../../../src/transport/rest/answer.js";
import { OutputLines } from "../../../src/transport/rest/output-lines.js";
import type { Batch } from "../../../src/transport/wire.js";

const LIMITS = { readMaxBytes: 1_000_000, jsonBytes: 1_400_000 };
const CUT_OFF: Failure = unreadable("cut off");

interface Frame {
  readonly stderr: boolean;
  readonly data: Uint8Array;
}

function streamOf({ stderr }: Frame): string {
  return stderr ? "OUTPUT_STREAM_STDERR" : "OUTPUT_STREAM_STDOUT";
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

// The shape of grpc-gateway, and what else is the same JSON, or is read as the same.
const SHAPES: readonly ((frame: Frame) => string)[] = [
  (frame) => JSON.stringify({ result: { stream: streamOf(frame), data: base64(frame.data) } }),
  (frame) => JSON.stringify({ result: { data: base64(frame.data), stream: streamOf(frame) } }),
  (frame) => `{"result":{"stream":"${streamOf(frame)}", "data":"${base64(frame.data)}"}} `,
  (frame) =>
    `{"result":{"stream":"${streamOf(frame)}","data":"${base64(frame.data)}","more":"AAAA"}}`,
  (frame) =>
    `{"result":{"stream":"${streamOf(frame)}","data":"${base64(frame.data).replaceAll("=", "")}"}}`,
  (frame) =>
    `{"result":{"stream":"${streamOf(frame)}","data":"${base64(frame.data).replaceAll("/", "\\/")}"}}`,
  (frame) =>
    `{"result":{"stream":${frame.stderr ? 2 : 1},"data":"${Buffer.from(frame.data).toString("base64url")}"},"error":null}`,
];

function framesOf(batch: Batch | undefined): Frame[] {
  return Array.from({ length: batch?.count ?? 0 }, (_, index) => ({
    stderr: batch?.stderr(index) ?? false,
    data: new Uint8Array(batch?.data(index) ?? []),
  }));
}

/** The bytes in pieces, and what is read of each. */
function read(text: string, pieceBytes: number): { frames: Frame[]; failure: Failure | undefined } {
  const lines = new OutputLines(LIMITS);
  const bytes = Buffer.from(text);
  const frames: Frame[] = [];
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const failure = lines.push(bytes.subarray(start, start + pieceBytes));
    frames.push(...framesOf(lines.take()));
    if (failure) {
      return { frames, failure };
    }
  }
  const failure = lines.end(CUT_OFF);
  frames.push(...framesOf(lines.take()));
  return { frames, failure };
}

const anyFrame = fc.record({
  stderr: fc.boolean(),
  data: fc.uint8Array({ minLength: 1, maxLength: 90 }),
});

describe("OutputLines", () => {
  test("reads frames of every shape alike, wherever the pieces were cut", () => {
    const anyLine = fc.tuple(anyFrame, fc.constantFrom(...SHAPES));
    fc.assert(
      fc.property(fc.array(anyLine), fc.integer({ min: 1, max: 400 }), (lines, pieceBytes) => {
        const text = lines.map(([frame, shape]) => `${shape(frame)}\n`).join("");
        const expected = lines.map(([frame]) => frame);
        expect(read(text, pieceBytes)).toEqual({ frames: expected, failure: undefined });
        // A last line feed may be missing.
        expect(read(text.slice(0, -1), pieceBytes).frames).toEqual(expected);
      }),
    );
  });

  test("leaves out lines and frames without bytes", () => {
    const text = '\n{"result":{"stream":"OUTPUT_STREAM_STDOUT","data":""}}\n{"result":{}}\n\n';
    expect(read(text, 1_000)).toEqual({ frames: [], failure: undefined });
  });

  test.each(["AAA%AAAA", "AAAAA", "AAA%", "é", "%%%%"])(
    "takes no part of %j, which is no base64, for the whole",
    (data) => {
      const text = `{"result":{"stream":"OUTPUT_STREAM_STDOUT","data":"${data}"}}\n`;
      const { frames, failure } = read(text, 1_000);
      expect(frames).toEqual([]);
      expect(failure?.message).toContain('"data"');
    },
  );

  test("takes nothing after the bytes for a part of them", () => {
    const text = '{"result":{"stream":"OUTPUT_STREAM_STDOUT","data":"AAAA","x":"AAA"}}\n';
    expect(read(text, 1_000).frames).toEqual([{ stderr: false, data: new Uint8Array(3) }]);
  });

  test("hands over what came before a line that cannot be read", () => {
    const frame = { stderr: true, data: Uint8Array.of(1) };
    const { frames, failure } = read(`${SHAPES[0]?.(frame)}\n[]\n${SHAPES[0]?.(frame)}\n`, 1_000);
    expect(frames).toEqual([frame]);
    expect(failure).toMatchObject({ kind: "unreadable" });
  });

  test("joins the frames of each stream in their order, and shows their bytes without a copy", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1 }), (frames) => {
        const lines = new OutputLines(LIMITS);
        lines.push(Buffer.from(frames.map((frame) => `${SHAPES[0]?.(frame)}\n`).join("")));
        expect(lines.count).toBe(frames.length);
        const batch = lines.take();
        expect(lines.take()).toBeUndefined();
        expect(batch?.bytes).toBe(frames.reduce((sum, { data }) => sum + data.length, 0));
        for (const stderr of [false, true]) {
          const expected = frames.filter((frame) => frame.stderr === stderr).map((one) => one.data);
          expect(Buffer.from(batch?.join(stderr) ?? [])).toEqual(Buffer.concat(expected));
        }
        expect(batch?.data(0).buffer).toBe(batch?.data(frames.length - 1).buffer);
        expect(batch?.data(0).constructor).toBe(Uint8Array);
      }),
    );
  });

  test("a frame pins no more than four times the bytes of its batch", () => {
    const lines = new OutputLines(LIMITS);
    const flood = { stderr: false, data: new Uint8Array(60_000) };
    lines.push(Buffer.from(`${SHAPES[0]?.(flood)}\n`));
    lines.take();
    lines.push(Buffer.from(`${SHAPES[0]?.({ stderr: false, data: Uint8Array.of(7) })}\n`));
    expect(lines.take()?.data(0).buffer.byteLength).toBe(1);
  });

  test("gives up a line as soon as it is too long", () => {
    const lines = new OutputLines({ readMaxBytes: 10, jsonBytes: 100 });
    expect(lines.push(Buffer.from("x".repeat(100)))).toBeUndefined();
    expect(lines.push(Buffer.from("x"))?.message).toContain("is larger than readMaxBytes 10");
  });

  test("a last line that is cut off is told as that", () => {
    const frame = { stderr: false, data: Uint8Array.of(1) };
    expect(read(`${SHAPES[0]?.(frame)}\n{"result":{"str`, 1_000)).toEqual({
      frames: [frame],
      failure: CUT_OFF,
    });
  });
});
