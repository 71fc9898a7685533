import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startStubServer } from "../../../src/stub/index.js";
import { collect } from "../../support/collect.js";
import { CutProxy } from "./cut-proxy.js";
import { printerScript, type Write } from "./printer.js";
import type { Cut } from "./proxy-link.js";
import { difference, truthOf } from "./truth.js";
import { clientVia, type Way } from "./ways.js";

const bytes = (text: string) => Buffer.from(text, "latin1");

// Binary, and what the protocols themselves could take for their own.
const WRITES: readonly Write[] = [
  { fd: 1, data: bytes("plain\n") },
  // A gRPC and Connect message of five bytes, and the end of a Connect stream.
  { fd: 2, data: bytes("\0\0\0\0\x05abcde\x02\0\0\0\x02{}") },
  { fd: 1, data: Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37) % 256)) },
  // The end of a body in chunks, and another answer after it.
  { fd: 2, data: bytes("0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n") },
  // RST_STREAM of stream 1, and the beginning of a GOAWAY.
  { fd: 1, data: bytes("\0\0\x04\x03\0\0\0\0\x01\0\0\0\0\0\0\x08\x07\0\0\0\0\0") },
  { fd: 1, data: bytes("grpc-status: 0\xff\xfe\x80 no line break") },
];
const CUTS: readonly Cut[] = ["FIN", "RST"];
const WORKERS = 8;

interface Trial {
  readonly cutAfterBytes: number;
  readonly how: Cut;
}

/** Cuts the first connection of a follow after every number of bytes that the server sent. */
export function cutAtEveryByte(way: Way): void {
  const title = "delivers each byte once, wherever its first connection is cut";
  it(title, { timeout: 240_000 }, async ({ annotate }) => {
    await using stub = await startStubServer();
    await using direct = clientVia(stub, stub, way);
    const { name } = await direct.createProcess(stub.parent, script(), { autoRun: true });
    await direct.waitProcess(name);
    const truth = await truthOf(direct, name);
    expect(truth).toMatchObject({ stdout: written(1), stderr: written(2) });

    const recorded = await bytesOfFollow();
    const trials: Trial[] = Array.from({ length: recorded + 1 }, (_, cutAfterBytes) =>
      CUTS.map((how) => ({ cutAfterBytes, how })),
    ).flat();
    const pending = trials.values();
    const wrong: string[] = [];
    let connections = 0;
    let done = 0;
    await Promise.all(Array.from({ length: WORKERS }, work));

    expect(wrong).toEqual([]);
    expect(done).toBe(trials.length);
    expect(done).toBeGreaterThan(500);
    // Those that were cut came back over a second connection. A few are not cut: what HTTP/2 says
    // about its windows is not always of the same length.
    expect(connections).toBeGreaterThan(1.9 * done);
    await annotate(`${done} cuts, over ${connections} connections`);

    async function bytesOfFollow(): Promise<number> {
      await using proxy = await CutProxy.start(stub.port);
      await using client = clientVia(proxy, stub, way);
      expect(difference(await collect(client.streamOutput(name)), truth)).toBeUndefined();
      return proxy.bytesFromServer;
    }

    async function work(): Promise<void> {
      await using proxy = await CutProxy.start(stub.port);
      for (const trial of pending) {
        proxy.restart((nth) => (nth === 0 ? trial : undefined));
        await using client = clientVia(proxy, stub, way);
        const wrongHere = await collect(client.streamOutput(name)).then(
          (chunks) => difference(chunks, truth),
          (error: unknown) => String(error),
        );
        if (wrongHere !== undefined) {
          wrong.push(`${trial.how} after ${trial.cutAfterBytes} bytes: ${wrongHere}`);
        }
        connections += proxy.connections;
        done += 1;
      }
    }
  });
}

function written(fd: 1 | 2): Buffer {
  return Buffer.concat(WRITES.filter((write) => write.fd === fd).map(({ data }) => data));
}

// In a file of its own, so that it does not make the answer of GetProcess long.
function script() {
  const folder = mkdtempSync(join(tmpdir(), "aiem-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "writes.sh");
  writeFileSync(file, printerScript(WRITES, 0.01));
  return { command: "/bin/sh", args: [file] };
}
