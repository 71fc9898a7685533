import { describe, expect, it } from "vitest";
import { Code, OutputGapError } from "../../src/index.js";

const name = "workspaces/w/sandboxEngines/e/processes/p";

describe("OutputGapError", () => {
  it("tells the stream and the bytes", () => {
    const gap = { stream: "OUTPUT_STREAM_STDERR", fromByte: 10, toByte: 20 } as const;
    const error = new OutputGapError(name, "the server lost them", gap);
    expect(error.message).toBe(
      `output of process ${name} has a gap in OUTPUT_STREAM_STDERR in bytes 10 to 20: the server lost them`,
    );
    expect(error).toMatchObject({ name: "OutputGapError", code: Code.DataLoss, ...gap });
  });

  it("tells where the gap begins where its end is not known", () => {
    const gap = { stream: "OUTPUT_STREAM_STDOUT", fromByte: 0, toByte: undefined } as const;
    expect(new OutputGapError(name, "why", gap).message).toBe(
      `output of process ${name} has a gap in OUTPUT_STREAM_STDOUT from byte 0: why`,
    );
  });

  it("tells no place where none is known, and keeps the cause", () => {
    const cause = new Error("connection lost");
    const gap = { stream: undefined, fromByte: undefined, toByte: undefined };
    const error = new OutputGapError(name, "the stream broke", gap, { cause });
    expect(error.message).toBe(`output of process ${name} has a gap: the stream broke`);
    expect(error.cause).toBe(cause);
  });
});
