import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { cli, spawnCli, stubEnvironment } from "./support/cli.js";

const KILLS = 200;
// Starting a program takes longer than what it does here: several at once, as there are cores.
const LANES = 4;

// Bytes that tell which stream they are of, whatever the order between the two.
const SCRIPT = "seq 1 1000000 & seq 1 1000000 | tr 0-9 a-j >&2; wait";

it(`a copy that is killed ${KILLS} times, at any moment, has every byte of each stream once`, {
  timeout: 300_000,
}, async () => {
  await using stub = await startStubServer();
  await using client = new ProcessClient(stub.connection);
  const env = stubEnvironment(stub);
  const folder = mkdtempSync(join(tmpdir(), "aiem-kills-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const spec = { command: "sh", args: ["-c", SCRIPT] };
  const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
  await client.waitProcess(name);
  const read = (outputStream: "OUTPUT_STREAM_STDOUT" | "OUTPUT_STREAM_STDERR") =>
    client.readOutput(name, { outputStream });
  const stdout = await read("OUTPUT_STREAM_STDOUT");
  const stderr = await read("OUTPUT_STREAM_STDERR");

  let kills = 0;
  // How many copies were killed between their first byte and their last one.
  let inside = 0;

  async function lane(number: number): Promise<void> {
    for (let copy = 0; kills < KILLS; copy += 1) {
      const output = join(folder, `output-${number}-${copy}`);
      const files = ["--output", output, "--resume-file", `${output}.position`];
      const args = ["logs", ...files, name];
      while (kills < KILLS && (await killed(args, output))) {
        kills += 1;
        const { size } = statSync(output, { throwIfNoEntry: false }) ?? { size: 0 };
        inside += Number(size > 0 && size < stdout.length + stderr.length);
      }
      expect(await cli(args, { env })).toMatchObject({ code: 0, stderr: "" });
      expectWhole(readFileSync(output), stdout, stderr);
      rmSync(output);
    }
  }

  /** Whether the program was killed; it may have ended before. */
  async function killed(args: readonly string[], output: string): Promise<boolean> {
    const child = spawnCli(args, { env });
    const closed = once(child, "close");
    const before = statSync(output, { throwIfNoEntry: false })?.size ?? 0;
    // Some from the start on, so that the first save and the cut are met too; most once it writes.
    const began = performance.now();
    const isEarly = Math.random() < 0.2;
    const delay = Math.random() * (isEarly ? 200 : 40);
    const isWriting = () => (statSync(output, { throwIfNoEntry: false })?.size ?? 0) !== before;
    while (
      !isEarly &&
      !isWriting() &&
      child.exitCode === null &&
      performance.now() - began < 2_000
    ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill("SIGKILL");
    const [, signal] = await closed;
    return signal === "SIGKILL";
  }

  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  expect(inside).toBeGreaterThan(KILLS / 4);
});

function expectWhole(copy: Buffer, stdout: Uint8Array, stderr: Uint8Array): void {
  const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
  // Line ends are of both, as many as there are lines.
  const digits = copy.filter(isDigit);
  const letters = copy.filter((byte) => byte >= 0x61 && byte <= 0x6a);
  expect(copy.length).toBe(stdout.length + stderr.length);
  expect(Buffer.compare(digits, stdout.filter(isDigit))).toBe(0);
  expect(
    Buffer.compare(
      letters,
      stderr.filter((byte) => byte !== 0x0a),
    ),
  ).toBe(0);
}
