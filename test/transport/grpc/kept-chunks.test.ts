import { once } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { expect, test } from "vitest";
import { ProcessClient } from "../../../src/client/process-client.js";
import { OutputReader } from "../../../src/transport/grpc/output-reader.js";
import { collectGarbage } from "../../support/collect-garbage.js";
import { startHttp2Server } from "../http2/support/http2-server.js";
import { closing } from "../support/cleanup.js";
import { PROCESS } from "../support/process-name.js";
import { outputMessage, processMessage } from "./support/grpc-calls.js";

const KIB = 1024;
// What Node.js reads of a connection at once.
const READ_BYTES = 64 * KIB;

function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** As many messages as fit into `bytes`. */
function messagesOf(chunkBytes: number, bytes: number): Buffer {
  const message = outputMessage("x".repeat(chunkBytes));
  const count = Math.floor(bytes / message.length);
  return Buffer.concat(Array.from({ length: count }, () => message));
}

test.each([
  // With others of the read, those of other streams, it would pin 64 KiB.
  ["of 100 B in a batch of 16 KiB pins about the batch", 100, 20 * KIB],
  ["of 4 KiB pins at most the read that it came in", 4 * KIB, READ_BYTES + KIB],
])("a chunk that is kept, %s", async (_, chunkBytes, mostBytes) => {
  const reads = 200;
  const own = messagesOf(chunkBytes, 16 * KIB);
  const kept: Uint8Array[] = [];
  const reader = new OutputReader(READ_BYTES, (batch) => kept.push(batch.data(1)));
  const before = heldBytes();
  for (let i = 0; i < reads; i += 1) {
    const read = new Uint8Array(READ_BYTES);
    read.set(own, 32 * KIB);
    expect(reader.push(read.subarray(32 * KIB, 32 * KIB + own.length))).toBeUndefined();
  }
  expect(kept.map(({ length }) => length)).toEqual(Array.from({ length: reads }, () => chunkBytes));
  // Memory is freed a little later.
  await expect.poll(() => heldBytes() - before).toBeLessThan(reads * mostBytes);
  expect(kept).toHaveLength(reads);
});

/** Writes `bytes` as fast as the client takes them, and ends. */
async function write(stream: ServerHttp2Stream, messages: Buffer, bytes: number): Promise<void> {
  for (let written = 0; written < bytes; written += messages.length) {
    if (!stream.write(messages)) {
      await once(stream, "drain");
    }
  }
  stream.end();
}

test.each([
  ["100 B", 100, 16 * KIB * KIB],
  ["4 KiB", 4 * KIB, 64 * KIB * KIB],
])(
  "of %s, one in each MiB of what streamOutput gives, pins at most 64 KiB",
  async (_, chunkBytes, bytes) => {
    const messages = messagesOf(chunkBytes, 256 * KIB);
    const server = await startHttp2Server((stream, path) => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      if (path.endsWith("/StreamOutput")) {
        void write(stream, messages, bytes);
      } else {
        stream.end(processMessage());
      }
    });
    const client = closing(
      new ProcessClient({ contract: "built-in", aiemUrl: server.url }, { protocol: "grpc" }),
    );
    await client.getProcess(PROCESS);
    const before = heldBytes();
    const kept: Uint8Array[] = [];
    let read = 0;
    for await (const { data } of client.streamOutput(PROCESS)) {
      if (Math.floor(read / (KIB * KIB)) !== Math.floor((read + data.length) / (KIB * KIB))) {
        kept.push(data);
      }
      read += data.length;
    }
    expect(kept.length).toBeGreaterThan(12);
    await expect
      .poll(() => heldBytes() - before)
      .toBeLessThan(kept.length * (READ_BYTES + KIB) + 512 * KIB);
    expect(kept.every(({ length }) => length <= chunkBytes)).toBe(true);
  },
);
