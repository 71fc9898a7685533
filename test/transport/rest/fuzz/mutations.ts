/** Numbers from 0 to 1 that a seed determines (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Mutation = (bytes: Buffer, below: (limit: number) => number) => Buffer;

// What parsers of HTTP and JSON stumble over.
const WORDS = [
  "\r\n\r\n",
  "\r\n0\r\n\r\n",
  "\n",
  "ffffffff\r\n",
  "-1\r\n",
  "content-length: 99999999999\r\n",
  "content-length: 5\r\ncontent-length: 6\r\n",
  "transfer-encoding: gzip, chunked\r\n",
  "content-encoding: gzip\r\n",
  "connection: close\r\n",
  "connection: upgrade\r\nupgrade: h2c\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\n",
  "HTTP/1.1 204 No Content\r\n\r\n",
  '{"result":',
  '{"error":{"code":14,"message":"x","details":[{}]}}\n',
  '"__proto__":{"code":5},',
  "[".repeat(2_000),
  '{"a":'.repeat(2_000),
  "null",
  "\0",
  "\xff\xfe",
  "1e999",
];

const MUTATIONS: readonly Mutation[] = [
  (bytes, below) => {
    const changed = Buffer.from(bytes);
    for (let n = 1 + below(4); n > 0; n--) {
      changed[below(bytes.length)] = below(256);
    }
    return changed;
  },
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => splice(bytes, below(bytes.length), below(40), Buffer.alloc(0)),
  (bytes, below) => {
    const word = Buffer.from(WORDS[below(WORDS.length)] ?? "", "latin1");
    return splice(bytes, below(bytes.length), below(2) * below(20), word);
  },
  (bytes, below) => {
    const start = below(bytes.length);
    const part = bytes.subarray(start, start + below(200));
    return splice(bytes, below(bytes.length), 0, part);
  },
  (bytes, below) => {
    const start = below(bytes.length);
    return Buffer.from(bytes).fill(below(256), start, Math.min(bytes.length, start + below(50)));
  },
];

/** Changes bytes in one or two ways. */
export function mutate(bytes: Buffer, random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit);
  let mutated = Buffer.from(bytes);
  for (let n = 1 + below(2); n > 0 && mutated.length > 0; n--) {
    mutated = Buffer.from(MUTATIONS[below(MUTATIONS.length)]?.(mutated, below) ?? mutated);
  }
  return mutated;
}

function splice(bytes: Buffer, at: number, removed: number, added: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}
