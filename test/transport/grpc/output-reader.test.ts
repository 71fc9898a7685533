import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { StreamOutputResponseSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { envelope, WholeMessages } from "../../../src/transport/grpc/messages.js";
import { OutputReader } from "../../../src/transport/grpc/output-reader.js";
import { BatchBuilder, PieceBatch } from "../../../src/transport/output-batch.js";
import type { Batch } from "../../../src/transport/wire.js";

const READ_MAX_BYTES = 64 * 1024 * 1024;

interface Piece {
  readonly stderr: boolean;
  readonly data: Uint8Array;
}

/** A number of protobuf, with more bytes than it needs: that is allowed, though nobody does it. */
function varint(value: number, extraBytes = 0): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(rest % 0x80);
    rest = Math.floor(rest / 0x80);
  } while (rest > 0);
  bytes.push(...Array.from({ length: extraBytes }, () => 0));
  return Buffer.from(bytes.map((byte, i) => (i < bytes.length - 1 ? byte | 0x80 : byte)));
}

const PATTERN = Uint8Array.from({ length: 509 }, (_, i) => (i * 7) % 256);
const sizes = fc.oneof(
  fc.constantFrom(0, 1, 2, 4, 127, 128, 129, 16_383, 16_384, 70_000),
  fc.nat(300),
);
const data = fc
  .tuple(sizes, fc.nat(255))
  .map(([size, seed]) => Uint8Array.from(Buffer.alloc(size, PATTERN.subarray(seed))));
const extraBytes = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(4));

const dataField = fc
  .tuple(data, extraBytes)
  .map(([bytes, extra]) =>
    Buffer.concat([Buffer.from([0x12]), varint(bytes.length, extra), bytes]),
  );
const streamField = fc
  .tuple(fc.constantFrom(0, 1, 2, 3, 127, 128, 300, 2 ** 31 - 1), extraBytes)
  .map(([stream, extra]) => Buffer.concat([Buffer.from([0x08]), varint(stream, extra)]));
const unknownField = fc.oneof(
  fc.nat(100_000).map((value) => Buffer.concat([Buffer.from([0x48]), varint(value)])),
  data.map((bytes) => Buffer.concat([Buffer.from([0x52]), varint(bytes.length), bytes])),
);
/** The shape that servers send: standard output or error, then data. */
const usual = fc
  .tuple(fc.constantFrom(1, 2), data)
  .map(([stream, bytes]) =>
    Buffer.concat([Buffer.from([0x08, stream, 0x12]), varint(bytes.length), bytes]),
  );
const any = fc
  .array(fc.oneof(dataField, streamField, unknownField), { maxLength: 4 })
  .map((fields) => Buffer.concat(fields));
const messages = fc.array(fc.oneof({ weight: 3, arbitrary: usual }, any), { maxLength: 12 });
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 25 });
// Near the border of a message, where a reader has most to get wrong.
const nearCuts = fc.array(fc.tuple(fc.nat(11), fc.integer({ min: -3, max: 20 })), {
  maxLength: 12,
});

function chunksOf(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.filter((place) => place > 0 && place < bytes.length), bytes.length];
  places.sort((a, b) => a - b);
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

// Texts are compared much faster than bytes.
function shown(pieces: readonly Piece[]): string[] {
  return pieces.map(
    ({ stderr, data: bytes }) => `${stderr} ${Buffer.from(bytes).toString("latin1")}`,
  );
}

/** Neighbours of the same stream as one: how they are cut is of no importance. */
function merged(pieces: readonly Piece[]): { stderr: boolean; text: string }[] {
  const all: { stderr: boolean; parts: Uint8Array[] }[] = [];
  for (const { stderr, data: bytes } of pieces) {
    const last = all.at(-1);
    if (bytes.length === 0) {
      continue;
    }
    if (last?.stderr === stderr) {
      last.parts.push(bytes);
    } else {
      all.push({ stderr, parts: [bytes] });
    }
  }
  return all.map(({ stderr, parts }) => ({
    stderr,
    text: Buffer.concat(parts).toString("latin1"),
  }));
}

function decoded(message: Uint8Array): Piece {
  const { stream, data: bytes } = fromBinary(StreamOutputResponseSchema, message);
  return { stderr: stream === OutputStream.STDERR, data: bytes };
}

/** The frames of a batch, each a copy, after all that it says about itself was compared. */
function checked(batch: Batch): Piece[] {
  const pieces = Array.from({ length: batch.count }, (_, i) => ({
    stderr: batch.stderr(i),
    data: Uint8Array.from(batch.data(i)),
  }));
  expect(batch.count).toBeGreaterThan(0);
  expect(pieces.every(({ data: bytes }) => bytes.length > 0)).toBe(true);
  expect(pieces.reduce((sum, { data: bytes }) => sum + bytes.length, 0)).toBe(batch.bytes);
  for (const stderr of [true, false]) {
    const own = pieces.filter((piece) => piece.stderr === stderr).map(({ data: bytes }) => bytes);
    expect(Buffer.compare(batch.join(stderr), Buffer.concat(own))).toBe(0);
  }
  // Never a Buffer.
  expect(Object.getPrototypeOf(batch.data(0))).toBe(Uint8Array.prototype);
  return pieces;
}

describe("OutputReader", () => {
  test("reads any messages, cut anywhere, as protobuf does", () => {
    fc.assert(
      fc.property(messages, cuts, nearCuts, (bodies, shares, near) => {
        const envelopes = bodies.map(envelope);
        const borders = new Set([0]);
        let length = 0;
        for (const { length: added } of envelopes) {
          length += added;
          borders.add(length);
        }
        const starts = [...borders];
        const at = [
          ...shares.map((share) => Math.floor(share * length)),
          ...near.map(([message, offset]) => (starts[message % starts.length] ?? 0) + offset),
        ];
        const pieces: Piece[] = [];
        const reader = new OutputReader(READ_MAX_BYTES, (batch) => pieces.push(...checked(batch)));
        let read = 0;
        for (const chunk of chunksOf(Buffer.concat(envelopes), at)) {
          expect(reader.push(chunk)).toBeUndefined();
          read += chunk.length;
          expect(reader.isMidMessage).toBe(!borders.has(read));
        }
        expect(merged(pieces)).toEqual(merged(bodies.map(decoded)));
      }),
      { numRuns: 150 },
    );
  });

  test("reads messages byte by byte", () => {
    const small = fc.array(fc.oneof(usual, any), { maxLength: 4 });
    fc.assert(
      fc.property(
        small.filter((bodies) => bodies.every(({ length }) => length < 400)),
        (bodies) => {
          const pieces: Piece[] = [];
          const reader = new OutputReader(READ_MAX_BYTES, (batch) =>
            pieces.push(...checked(batch)),
          );
          for (const byte of Buffer.concat(bodies.map(envelope))) {
            expect(reader.push(Uint8Array.of(byte))).toBeUndefined();
          }
          expect(reader.isMidMessage).toBe(false);
          expect(merged(pieces)).toEqual(merged(bodies.map(decoded)));
        },
      ),
      { numRuns: 100 },
    );
  });

  test("hands on the data of a large message as it arrives", () => {
    let bytes = 0;
    const reader = new OutputReader(READ_MAX_BYTES, (batch) => {
      bytes += batch.bytes;
    });
    const body = Buffer.concat([
      Buffer.from([0x08, 1, 0x12]),
      varint(100_000),
      Buffer.alloc(100_000),
    ]);
    reader.push(Buffer.from(envelope(body)).subarray(0, 50_000));
    expect(bytes).toBe(50_000 - 5 - 3 - 3);
    expect(reader.isMidMessage).toBe(true);
  });

  test("says of bytes that are no protobuf that they cannot be read", () => {
    const reader = new OutputReader(READ_MAX_BYTES, () => undefined);
    for (const body of [[0xff], [0x12, 5, 1], [0x08]]) {
      expect(reader.push(envelope(Uint8Array.from(body))), `${body}`).toMatchObject({
        kind: "unreadable",
        code: Code.Internal,
      });
    }
  });

  test("hands on what came before a message that it refuses", () => {
    const pieces: Piece[] = [];
    const reader = new OutputReader(READ_MAX_BYTES, (batch) => pieces.push(...checked(batch)));
    const good = envelope(Buffer.from([0x08, 1, 0x12, 2, 0x68, 0x69]));
    const failure = reader.push(Buffer.concat([good, good, envelope(Uint8Array.of(0xff))]));
    expect(failure).toMatchObject({ kind: "unreadable" });
    expect(merged(pieces)).toEqual([{ stderr: false, text: "hihi" }]);
  });
});

describe.each([
  ["OutputReader", (max: number) => new OutputReader(max, () => undefined)],
  ["WholeMessages", (max: number) => new WholeMessages(max, () => undefined)],
])("a prefix (%s)", (_, reader) => {
  test("that claims more than may be read fails by itself, before any of the message is there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_001, max: 2 ** 32 - 1 }), fc.nat(4), (length, cut) => {
        const prefix = Buffer.alloc(5);
        prefix.writeUInt32BE(length, 1);
        const before = process.memoryUsage().arrayBuffers;
        const reading = reader(1_000);
        expect(reading.push(prefix.subarray(0, cut))).toBeUndefined();
        expect(reading.push(prefix.subarray(cut))).toMatchObject({
          code: Code.ResourceExhausted,
          message: expect.stringContaining(`message size ${length} is larger`),
        });
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
      }),
      { numRuns: 50 },
    );
  });

  test("of a compressed message fails by itself", () => {
    for (const flags of [1, 2, 0x80]) {
      expect(reader(1_000).push(Uint8Array.of(flags, 0, 0, 0, 10))).toMatchObject({
        kind: "unreadable",
        code: Code.Internal,
      });
    }
  });
});

test("WholeMessages gathers messages that are cut anywhere", () => {
  fc.assert(
    fc.property(messages, cuts, (bodies, shares) => {
      const all = Buffer.concat(bodies.map(envelope));
      const gathered: Uint8Array[] = [];
      const reader = new WholeMessages(READ_MAX_BYTES, (message) => gathered.push(message));
      const at = shares.map((share) => Math.floor(share * all.length));
      for (const chunk of chunksOf(all, at)) {
        expect(reader.push(chunk)).toBeUndefined();
      }
      expect(reader.isMidMessage).toBe(false);
      expect(gathered.map((message) => Buffer.from(message).toString("latin1"))).toEqual(
        bodies.map((body) => body.toString("latin1")),
      );
    }),
    { numRuns: 100 },
  );
});

describe("a batch", () => {
  const pieces = fc.array(fc.record({ stderr: fc.boolean(), data }), {
    minLength: 1,
    maxLength: 20,
  });

  test("of places in a read has what is there, whether it is copied or not", () => {
    fc.assert(
      fc.property(pieces, fc.nat(50), (all, gap) => {
        const builder = new BatchBuilder();
        const parts: Uint8Array[] = [];
        let at = 0;
        for (const { stderr, data: bytes } of all) {
          parts.push(Buffer.alloc(gap, 0xee), bytes);
          builder.add(stderr, at + gap, at + gap + bytes.length);
          at += gap + bytes.length;
        }
        const batch = builder.take(Buffer.concat(parts));
        const filled = all.filter(({ data: bytes }) => bytes.length > 0);
        expect(batch === undefined).toBe(filled.length === 0);
        expect(batch ? shown(checked(batch)) : []).toEqual(shown(filled));
        // What was taken is not given again.
        expect(builder.take(Buffer.alloc(0))).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  test("of pieces has these pieces", () => {
    fc.assert(
      fc.property(pieces, (all) => {
        const filled = all.filter(({ data: bytes }) => bytes.length > 0);
        fc.pre(filled.length > 0);
        expect(shown(checked(new PieceBatch(filled)))).toEqual(shown(filled));
      }),
      { numRuns: 100 },
    );
  });
});
