import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { cli, spawnCli, stubEnvironment } from "./support/cli.js";

let stub: StubServer;
let client: ProcessClient;
let env: Record<string, string>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "aiem-logs-"));
  stub = await startStubServer();
  client = new ProcessClient(stub.connection);
  env = stubEnvironment(stub);
});

afterAll(async () => {
  client.close();
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

async function runs(script: string): Promise<string> {
  const spec = { command: "sh", args: ["-c", script] };
  return (await client.createProcess(stub.parent, spec, { autoRun: true })).name;
}

const BYTES = "printf 'o\\377\\000t'; printf 'e\\200' >&2; exit 7";

describe("logs", () => {
  it("shows what there is so far of a process that runs, and returns", async () => {
    const name = await runs("echo first; exec sleep 60");
    await client.waitForLine(name, /first/);
    expect(await cli(["logs", name], { env })).toMatchObject({
      code: 0,
      stdout: "first\n",
      stderr: "",
    });
  });

  it.each([[[]], [["-f"]]])("%j passes on both streams byte for byte", async (options) => {
    const name = await runs(BYTES);
    await client.waitProcess(name);
    const child = spawnCli(["logs", ...options, name], { env });
    const output = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
    expect(output).toEqual([Buffer.from([0x6f, 0xff, 0x00, 0x74]), Buffer.from([0x65, 0x80])]);
  });

  it.each([[[]], [["-f"]]])("%j shows one stream alone where it is told to", async (options) => {
    const name = await runs("echo out; echo err >&2");
    await client.waitProcess(name);
    for (const [stream, stdout, stderr] of [
      ["stdout", "out\n", ""],
      ["stderr", "", "err\n"],
    ] as const) {
      const result = await cli(["logs", ...options, "--stream", stream, name], { env });
      expect(result).toMatchObject({ code: 0, stdout, stderr });
    }
  });

  it("shows all of a finished process's output, and of a running one's says what to do, beyond 64 MiB", async () => {
    const bytes = 70_000_000;
    const ended = await runs(`head -c ${bytes} /dev/zero`);
    await client.waitProcess(ended);
    const child = spawnCli(["logs", ended], { env });
    let taken = 0;
    for await (const chunk of child.stdout) {
      taken += chunk.length;
    }
    expect(taken).toBe(bytes);
    const running = await runs(`head -c ${bytes} /dev/zero; echo; echo done; exec sleep 60`);
    await client.waitForLine(running, /^done$/);
    const { code, stderr } = await cli(["logs", running], { env });
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /has written more than one answer can carry, and goes on; follow it with -f\n$/,
    );
  });

  it("-f goes on until the process ends, and ends 0 however it did", async () => {
    const name = await runs("echo one; sleep 0.5; echo two; exit 9");
    expect(await cli(["logs", "-f", name], { env })).toMatchObject({
      code: 0,
      stdout: "one\ntwo\n",
    });
  });

  it("--exit-code follows, and ends as the process did", async () => {
    const name = await runs("echo one; sleep 0.3; exit 9");
    expect(await cli(["logs", "--exit-code", name], { env })).toMatchObject({
      code: 9,
      stdout: "one\n",
    });
  });

  it.each([[[]], [["-f"]]])("%j writes JSON Lines for machines", async (options) => {
    const name = await runs(BYTES);
    await client.waitProcess(name);
    const { stdout } = await cli(["logs", "--json", ...options, name], { env });
    const frames = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const of = (stream: string) =>
      frames
        .filter((frame) => frame.stream === stream)
        .map(({ data }) => Buffer.from(data, "base64"));
    expect(Buffer.concat(of("OUTPUT_STREAM_STDOUT"))).toEqual(
      Buffer.from([0x6f, 0xff, 0x00, 0x74]),
    );
    expect(Buffer.concat(of("OUTPUT_STREAM_STDERR"))).toEqual(Buffer.from([0x65, 0x80]));
    expect(frames.some((frame) => "text" in frame)).toBe(false);
  });

  it("never signals the process: a Ctrl-C ends only logs", async () => {
    const name = await runs("echo one; exec sleep 60");
    const child = spawnCli(["logs", "-f", name], { env });
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([null, "SIGINT"]);
    expect(await client.getProcess(name)).toMatchObject({ state: "STATE_RUNNING" });
  });

  it("ends 141 without a word when its stdout is closed", async () => {
    const name = await runs("yes");
    const child = spawnCli(["logs", "-f", name], { env });
    const stderr = text(child.stderr);
    await once(child.stdout, "data");
    child.stdout.destroy();
    expect(await once(child, "exit")).toEqual([141, null]);
    expect(await stderr).toBe("");
    expect(await client.terminateProcess(name)).toMatchObject({ state: "STATE_FAILED" });
  });

  it("gives up in time with code 124", async () => {
    const name = await runs("echo one; exec sleep 60");
    expect(await cli(["logs", "-f", "--timeout", "0.5", name], { env })).toMatchObject({
      code: 124,
      stdout: "one\n",
      stderr: `aiem-process logs: ${name}: the time is over (--timeout); the process is left as it is\n`,
    });
  });
});

describe("logs --until", () => {
  it("shows the output up to the line, byte for byte, and ends 0", async () => {
    const name = await runs("printf 'a\\377b\\r\\n'; echo 'ready on 80'; echo more; exec sleep 60");
    const child = spawnCli(["logs", "--until", "^ready on \\d+$", name], { env });
    const closed = once(child, "close");
    expect(await buffer(child.stdout)).toEqual(Buffer.from("a\u00ffb\r\nready on 80\n", "latin1"));
    expect(await closed).toEqual([0, null]);
    expect(await cli(["logs", "--until", "^a.b$", name], { env })).toMatchObject({ code: 0 });
  });

  it("looks at one stream alone where it is told to", async () => {
    const name = await runs("echo ready; echo done >&2");
    const args = ["logs", "--until", "ready", "--stream", "stderr", name];
    expect(await cli(args, { env })).toMatchObject({ code: 1, stdout: "", stderr: "done\n" });
  });

  it("ends 1 when the process ends first, and counts a last line without an end", async () => {
    const name = await runs("echo one; printf last");
    expect(await cli(["logs", "--until", "two", name], { env })).toMatchObject({ code: 1 });
    expect(await cli(["logs", "--until", "^last$", name], { env })).toMatchObject({ code: 0 });
  });

  it("ends 124 when the time is over", async () => {
    const name = await runs("echo one; exec sleep 60");
    const args = ["logs", "--until", "two", "--timeout", "300ms", name];
    expect(await cli(args, { env })).toMatchObject({ code: 124, stdout: "one\n" });
  });
});

describe("logs --output --resume-file", () => {
  let output: string;
  let resumeFile: string;
  let files: string[];
  let round = 0;

  beforeEach(() => {
    round += 1;
    output = join(folder, `output-${round}`);
    resumeFile = join(folder, `position-${round}`);
    files = ["--output", output, "--resume-file", resumeFile];
  });

  it("copies the output to its end, and may be begun again when all is there", async () => {
    const name = await runs("seq 1 100000; echo err >&2; exit 3");
    await client.waitProcess(name);
    const all = await client.readOutput(name);
    for (const code of [3, 3]) {
      const result = await cli(["logs", ...files, "--exit-code", name], { env });
      expect(result).toMatchObject({ code, stdout: "", stderr: "" });
      expect(readFileSync(output).equals(all)).toBe(true);
    }
    expect(existsSync(`${resumeFile}.tmp`)).toBe(false);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("saves what it has when %s ends it, and goes on from there", async (signal, code) => {
    const name = await runs("echo one; while ! test -e go; do sleep 0.05; done; echo two");
    const child = spawnCli(["logs", ...files, name], { env });
    const stderr = text(child.stderr);
    await expect.poll(() => existsSync(resumeFile)).toBe(true);
    await client.waitForLine(name, /one/);
    // The line is on its way: what is copied is saved within a second, or by the signal.
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill(signal);
    expect(await once(child, "close")).toEqual([code, null]);
    expect(await stderr).toBe(`saved: the same command goes on with ${output}\n`);
    expect(readFileSync(output, "utf8")).toBe("one\n");
    expect(JSON.parse(readFileSync(resumeFile, "utf8"))).toMatchObject({ name, length: 4 });
    await client.runProcess(stub.parent, { command: "touch", args: ["go"] });
    expect(await cli(["logs", ...files, name], { env })).toMatchObject({ code: 0 });
    expect(readFileSync(output, "utf8")).toBe("one\ntwo\n");
    await client.runProcess(stub.parent, { command: "rm", args: ["go"] });
  });

  it("cuts off what was not saved", async () => {
    const name = await runs("echo one");
    await cli(["logs", ...files, name], { env });
    writeFileSync(output, "one\nnot saved");
    expect(await cli(["logs", ...files, name], { env })).toMatchObject({ code: 0 });
    expect(readFileSync(output, "utf8")).toBe("one\n");
  });

  it("copies one stream alone, and does not mix it up with the other", async () => {
    const name = await runs("echo out; echo err >&2");
    const args = ["logs", ...files, "--stream", "stderr", name];
    expect(await cli(args, { env })).toMatchObject({ code: 0 });
    expect(readFileSync(output, "utf8")).toBe("err\n");
    const { code, stderr } = await cli(["logs", ...files, name], { env });
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /the resume file .* belongs to OUTPUT_STREAM_STDERR of .*, not to OUTPUT_STREAM_COMBINED/,
    );
  });

  it.each([
    [
      "of another process",
      async (name: string) => {
        await cli(["logs", ...files, name], { env });
        return runs("echo one");
      },
      /belongs to/,
    ],
    [
      "with a file that has something in it, and no position",
      async (name: string) => {
        writeFileSync(output, "mine");
        return name;
      },
      /is not empty, and there is no position for it/,
    ],
    [
      "with a file that is shorter than what was saved",
      async (name: string) => {
        await cli(["logs", ...files, name], { env });
        writeFileSync(output, "o");
        return name;
      },
      /has 1 bytes, fewer than the 4 that .* tells of/,
    ],
    [
      "with something else in the place of the position",
      async (name: string) => {
        writeFileSync(resumeFile, "{}");
        return name;
      },
      /is no resume file of aiem-process/,
    ],
    [
      "with a position that has no end",
      async (name: string) => {
        files = ["--output", output, "--resume-file", "/dev/zero"];
        return name;
      },
      /\/dev\/zero is no resume file of aiem-process/,
    ],
    [
      "into a folder",
      async (name: string) => {
        files = ["--output", folder, "--resume-file", resumeFile];
        return name;
      },
      /--output .* cannot be opened: EISDIR/,
    ],
  ])("refuses to go on %s, and leaves the file as it is", async (_title, spoil, line) => {
    const name = await spoil(await runs("echo one"));
    const before = existsSync(output) ? readFileSync(output, "utf8") : undefined;
    const { code, stderr } = await cli(["logs", ...files, name], { env });
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(code).toBe(125);
    expect(existsSync(output) ? readFileSync(output, "utf8") : undefined).toBe(before);
  });

  it("names the file of the position where that cannot be written", async () => {
    const name = await runs("echo one");
    const nowhere = join(folder, "nowhere", "position");
    const args = ["logs", "--output", output, "--resume-file", nowhere, name];
    const { code, stderr } = await cli(args, { env });
    expect(code).toBe(125);
    expect(stderr).toMatch(/: the resume file \S+\/nowhere\/position cannot be written: ENOENT/);
  });

  it("ends the older one of two copies to the same files, and the copy stays right", async () => {
    const name = await runs("while ! test -e enough; do seq 1 200; sleep 0.05; done; echo end");
    const older = spawnCli(["logs", ...files, name], { env });
    const stderr = text(older.stderr);
    const closed = once(older, "close");
    await expect.poll(() => existsSync(output) && readFileSync(output).length).toBeGreaterThan(0);
    const newer = cli(["logs", ...files, name], { env });
    expect(await closed).toEqual([125, null]);
    expect(await stderr).toMatch(/was changed by something else, such as another copy/);
    await client.runProcess(stub.parent, { command: "touch", args: ["enough"] });
    expect(await newer).toMatchObject({ code: 0 });
    expect(readFileSync(output).equals(await client.readOutput(name))).toBe(true);
  });

  it("notices that its file was replaced, as a rotation of logs does", async () => {
    const name = await runs("while :; do seq 1 200; sleep 0.05; done");
    const child = spawnCli(["logs", ...files, name], { env });
    const stderr = text(child.stderr);
    const closed = once(child, "close");
    await expect.poll(() => existsSync(output) && readFileSync(output).length).toBeGreaterThan(0);
    renameSync(output, `${output}.1`);
    writeFileSync(output, "");
    expect(await closed).toEqual([125, null]);
    expect(await stderr).toMatch(/was changed by something else/);
    await client.terminateProcess(name);
  });
});

describe("logs refuses, with code 125 and in one line,", () => {
  it.each([
    [["--output", "a", "x"], /--output and --resume-file go together/],
    [["--resume-file", "a", "x"], /--output and --resume-file go together/],
    [["--output", "a", "--resume-file", "./a", "x"], /must be two files/],
    [["--output", "a.tmp", "--resume-file", "a", "x"], /must be two files/],
    [["--until", "(", "x"], /It must be a regular expression/],
    [["--until", "a", "--json", "x"], /--until cannot go with/],
    [["--timeout", "1", "x"], /--timeout needs -f/],
    [["--stream", "both", "x"], /Allowed choices are stdout, stderr/],
  ])("%j", async (args, line) => {
    const { code, stdout, stderr } = await cli(["logs", ...args], { env });
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^aiem-process logs: [^\n]+--help\n$/);
    expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
  });
});
