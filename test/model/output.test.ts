import { describe, expect, it } from "vitest";
import { OutputStream as StreamNumber } from "../../src/gen.js";
import { frameFromMessage, ownedBytes, streamToNumber } from "../../src/model/output.js";

const data = new Uint8Array([1, 2]);

describe("streamToNumber", () => {
  it("gives the contract's number of each stream", () => {
    expect(streamToNumber("OUTPUT_STREAM_STDOUT")).toBe(StreamNumber.STDOUT);
    expect(streamToNumber("OUTPUT_STREAM_STDERR")).toBe(StreamNumber.STDERR);
    expect(streamToNumber("OUTPUT_STREAM_COMBINED")).toBe(StreamNumber.COMBINED);
  });
});

describe("a frame read from a message", () => {
  it("has the stream's name", () => {
    expect(frameFromMessage({ stream: StreamNumber.STDERR, data }).stream).toBe(
      "OUTPUT_STREAM_STDERR",
    );
    expect(frameFromMessage({ stream: StreamNumber.STDOUT, data }).stream).toBe(
      "OUTPUT_STREAM_STDOUT",
    );
  });

  it("is of stdout where the server names no stream, or one that is not known", () => {
    for (const stream of [StreamNumber.UNSPECIFIED, StreamNumber.COMBINED, 99]) {
      expect(frameFromMessage({ stream, data })).toEqual({ stream: "OUTPUT_STREAM_STDOUT", data });
    }
  });

  it("does not copy its bytes", () => {
    expect(frameFromMessage({ stream: StreamNumber.STDOUT, data }).data).toBe(data);
  });
});

describe("ownedBytes", () => {
  it("copies shared memory, which somebody else could change", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    const owned = ownedBytes(shared);
    shared.fill(7);
    expect(owned).toEqual(new Uint8Array([0, 0]));
  });
});
