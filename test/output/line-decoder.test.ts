import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DecodedLine, LineDecoder } from "../../src/output/line-decoder.js";
import { chunkings } from "../support/chunkings.js";

const ENDLESS = 1024 * 1024;
const bytes = (text: string) => new TextEncoder().encode(text);

function decode(chunks: readonly Uint8Array[], maxLineBytes = ENDLESS): DecodedLine[] {
  const decoder = new LineDecoder(maxLineBytes);
  return [...chunks.flatMap((chunk) => [...decoder.push(chunk)]), ...decoder.end()];
}

const whole = (...lines: string[]) => lines.map((line) => ({ line, continues: false }));

// Characters of one to four bytes, and the ends of lines that are made of more than one.
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\n", "\r\n", "\r", "a", "é", "€", "😀", "\uFEFF", "\0"),
    fc.string({ unit: "grapheme", maxLength: 1 }),
  ),
  maxLength: 60,
});

const anyBytes = fc.uint8Array({ maxLength: 60 }).map((random) =>
  // Every other byte near a line feed's, so that there are lines in it.
  random.map((byte, index) => (index % 3 === 0 && byte > 200 ? 0x0a : byte)),
);

describe("the lines of a stream", () => {
  it("are those of the text, however it is cut into chunks", () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 20 }), (whole, at) => {
        const all = bytes(whole);
        const cuts = [0, ...at.map((cut) => cut % (all.length + 1)), all.length];
        cuts.sort((a, b) => a - b);
        const chunks = cuts.slice(1).map((end, index) => all.slice(cuts[index], end));
        const lines = whole.split("\n");
        const last = lines.pop() ?? "";
        const expected = lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
        expect(decode(chunks).map(({ line }) => line)).toEqual(
          last === "" ? expected : [...expected, last],
        );
      }),
    );
  });

  it("do not depend on the chunks, whatever the bytes and the longest line", () => {
    fc.assert(
      fc.property(chunkings(anyBytes), fc.integer({ min: 1, max: 9 }), (chunks, maxLineBytes) => {
        expect(decode(chunks, maxLineBytes)).toEqual(decode([Buffer.concat(chunks)], maxLineBytes));
      }),
    );
  });

  it("come at once with the chunk that ends them", () => {
    const decoder = new LineDecoder(ENDLESS);
    expect([...decoder.push(bytes("one\ntw"))]).toEqual(whole("one"));
    expect([...decoder.push(bytes("o\n\n"))]).toEqual(whole("two", ""));
    expect([...decoder.end()]).toEqual([]);
  });

  it("include a last one without a terminator", () => {
    expect(decode([bytes("one\ntwo")])).toEqual(whole("one", "two"));
    expect(decode([bytes("one\n")])).toEqual(whole("one"));
    expect(decode([])).toEqual([]);
  });

  it("show bytes that are not UTF-8 as U+FFFD, within their own line", () => {
    const chunks = [new Uint8Array([0xc3]), new Uint8Array([0x0a, 0xa9, 0x0a, 0xe2, 0x82])];
    expect(decode(chunks)).toEqual(whole("\uFFFD", "\uFFFD", "\uFFFD"));
  });

  it("keep a carriage return that does not belong to a terminator", () => {
    expect(decode([bytes("50 %\r100 %\r\nlast\r")])).toEqual(whole("50 %\r100 %", "last\r"));
  });
});

describe("a line that is too long", () => {
  const rejoined = (lines: readonly DecodedLine[]) =>
    lines.map(({ line, continues }) => (continues ? line : `${line}\n`)).join("");

  it("comes in pieces that make up the line, however short they are", () => {
    const lf = text.map((mixed) => mixed.replaceAll("\r", ""));
    fc.assert(
      fc.property(
        chunkings(lf.map((unended) => bytes(`${unended}\n`))),
        fc.integer({ min: 1, max: 9 }),
        (chunks, maxLineBytes) => {
          const pieces = decode(chunks, maxLineBytes);
          expect(rejoined(pieces)).toBe(Buffer.concat(chunks).toString());
          for (const { line } of pieces) {
            // A character that is cut comes with the piece that completes it.
            expect(bytes(line).length).toBeLessThanOrEqual(maxLineBytes + 3);
          }
        },
      ),
    );
  });

  it("is one only if it is longer than the limit, its terminator not counted", () => {
    expect(decode([bytes("abcd\r\nabcd\nabcd")], 4)).toEqual([
      { line: "abcd", continues: true },
      ...whole("", "abcd", "abcd"),
    ]);
    expect(decode([bytes("abcde\nf")], 4)).toEqual([
      { line: "abcd", continues: true },
      ...whole("e", "f"),
    ]);
  });

  it("takes no more memory than the limit, and does not pin the messages that it came in", () => {
    const decoder = new LineDecoder(4);
    const message = bytes("xx");
    expect([...decoder.push(message)]).toEqual([]);
    message.fill(0x79);
    expect([...decoder.push(bytes("\n"))]).toEqual(whole("xx"));
  });

  it("takes memory for its bytes, though they come one by one", () => {
    const decoder = new LineDecoder(ENDLESS);
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < ENDLESS; count += 1) {
      for (const line of decoder.push(new Uint8Array([0x2e]))) {
        expect.unreachable(line.line);
      }
    }
    // An array for each byte would take 244 MB (measured).
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
    expect([...decoder.end()]).toEqual(whole(".".repeat(ENDLESS)));
  });
});
