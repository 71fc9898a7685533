import { once } from "node:events";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { isFinished, ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { cli, resultOf, spawnCli, stubEnvironment } from "./support/cli.js";

let stub: StubServer;
let client: ProcessClient;
let env: Record<string, string>;
let folder: string;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "aiem-run-")));
  stub = await startStubServer({
    engines: [{ name: "workspaces/w/sandboxEngines/e", rootDirectory: folder }],
    secrets: { "workspaces/w/secrets/s/versions/1": "hidden" },
  });
  client = new ProcessClient(stub.connection);
  env = stubEnvironment(stub);
});

afterAll(async () => {
  client.close();
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

const nameOf = (id: string) => `${stub.parent}/processes/${id}`;

describe("run", () => {
  it("passes on both streams byte for byte, tells the name on stderr, and ends as the process", async () => {
    const script = "printf 'o\\377\\000t'; printf 'e\\200' >&2; exit 7";
    const child = spawnCli(["run", "--id", "bytes", "sh", "-c", script], { env });
    const [stdout, stderr, [code]] = await Promise.all([
      buffer(child.stdout),
      buffer(child.stderr),
      once(child, "close"),
    ]);
    expect(stdout).toEqual(Buffer.from([0x6f, 0xff, 0x00, 0x74]));
    expect(stderr).toEqual(
      Buffer.concat([Buffer.from(`${nameOf("bytes")}\n`), Buffer.from([0x65, 0x80])]),
    );
    expect(code).toBe(7);
  });

  it("hands on arguments as they were typed", async () => {
    const show = ["sh", "-c", 'printf "[%s]" "$0" "$@"'];
    for (const [args, expected] of [
      [["run", "-q", ...show, "--", "x", "-q", "--help"], "[--][x][-q][--help]"],
      [["run", "-q", "--", ...show, "--", "x"], "[--][x]"],
      [["run", "-q", ...show, "--version", ""], "[--version][]"],
    ] as const) {
      expect(await cli(args, { env })).toMatchObject({ code: 0, stdout: expected, stderr: "" });
    }
  });

  it("sets variables from options, files, its own environment and secrets, the later ones winning", async () => {
    const file = join(folder, "variables");
    writeFileSync(file, "# a comment\nA=file\n\nB=two=halves\nHERE\nNOT_SET\n");
    const args = ["run", "-q", "--env-file", file, "-e", "A=option", "-e", "EMPTY="];
    const secret = ["--secret-env", "S=workspaces/w/secrets/s/versions/latest"];
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    const show = ["sh", "-c", 'echo "$A|$B|$HERE|$S|${EMPTY-unset}|${NOT_SET-unset}"'];
    const here = { ...env, HERE: "from here" };
    expect(await cli([...args, ...secret, ...show], { env: here })).toMatchObject({
      code: 0,
      stdout: "option|two=halves|from here|hidden||unset\n",
    });
  });

  it("starts in the directory that is named", async () => {
    const { name } = await client.createProcess(
      stub.parent,
      { command: "mkdir", args: ["sub"] },
      { autoRun: true },
    );
    await client.waitProcess(name);
    const result = await cli(["run", "-q", "-w", "/sub", "pwd"], { env });
    expect(result).toMatchObject({ code: 0, stdout: `${folder}/sub\n` });
  });

  it("-d shows the name alone, and leaves the process to itself", async () => {
    const args = ["run", "-d", "--id", "detached", "sleep", "60"];
    expect(await cli(args, { env })).toEqual({
      code: 0,
      signal: null,
      stdout: `${nameOf("detached")}\n`,
      stderr: "",
    });
    expect(await client.getProcess(nameOf("detached"))).toMatchObject({ state: "STATE_RUNNING" });
  });

  it.each([
    ["a command that does not exist", ["aiem-no-such-command"], 127],
    ["a command that cannot be executed", ["/"], 126],
    ["a command killed by SIGKILL", ["sh", "-c", "kill -9 $$"], 137],
  ])("ends as a shell would after %s", async (_title, command, code) => {
    expect(await cli(["run", ...command], { env })).toMatchObject({ code });
  });

  it("writes JSON Lines for machines, with text where the bytes are UTF-8", async () => {
    const script = "printf h; printf i; sleep 0.3; printf '\\377'; exit 3";
    const { code, stdout } = await cli(["run", "--json", "sh", "-c", script], { env });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const output = lines.slice(1, -1);
    expect(code).toBe(3);
    expect(lines[0]).toMatchObject({ type: "started", process: { command: "sh" } });
    expect(lines.at(-1)).toMatchObject({
      type: "ended",
      process: { state: "STATE_FAILED", exitCode: 3 },
    });
    expect(Buffer.concat(output.map(({ data }) => Buffer.from(data, "base64")))).toEqual(
      Buffer.from([0x68, 0x69, 0xff]),
    );
    expect(output.filter(({ stream }) => stream !== "OUTPUT_STREAM_STDOUT")).toEqual([]);
    expect(output.map(({ text }) => text ?? "-").join("")).toBe("hi-");
  });

  it("holds back a process whose output nobody takes, and loses nothing of it", async () => {
    const bytes = 300_000_000;
    const child = spawnCli(["run", "-q", "head", "-c", String(bytes), "/dev/zero"], { env });
    await once(child.stdout, "readable");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    expect(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024).toBeLessThan(bytes);
    let taken = 0;
    for await (const chunk of child.stdout) {
      taken += chunk.length;
    }
    expect(taken).toBe(bytes);
  });
});

describe("run, when its stdout is closed", () => {
  it("sends PIPE to the process and ends 141, without a word", async () => {
    const child = spawnCli(["run", "-q", "--id", "piped", "yes"], { env });
    const result = text(child.stderr);
    await once(child.stdout, "data");
    child.stdout.destroy();
    expect(await once(child, "exit")).toEqual([141, null]);
    expect(await result).toBe("");
    expect(await client.waitProcess(nameOf("piped"))).toMatchObject({ exitCode: 141 });
  });
});

describe("run --timeout", () => {
  it("stops following with code 124, tells how to go on, and leaves the process", async () => {
    const args = ["run", "--timeout", "0.5s", "--id", "late", "sleep", "60"];
    const { code, stderr } = await cli(args, { env });
    expect(code).toBe(124);
    expect(stderr).toBe(
      `${nameOf("late")}\nleft ${nameOf("late")}; follow it with: aiem-process logs -f --exit-code ${nameOf("late")}\n`,
    );
    expect(await client.getProcess(nameOf("late"))).toMatchObject({ state: "STATE_RUNNING" });
  });

  it("does not take a limit of months for none", async () => {
    const args = ["run", "-q", "--timeout", "90d", "sh", "-c", "sleep 0.3; exit 6"];
    expect(await cli(args, { env })).toMatchObject({ code: 6, stderr: "" });
  });

  it("--stop-on-timeout ends the process too, and shows what it says last", async () => {
    const script = "trap 'echo bye; exit 0' TERM; echo ready; sleep 60 & wait";
    const args = ["run", "-q", "--timeout", "1", "--stop-on-timeout", "--id", "stopped"];
    const result = await cli([...args, "sh", "-c", script], { env });
    expect(result).toMatchObject({ code: 124, stdout: "ready\nbye\n", stderr: "" });
    expect(isFinished(await client.getProcess(nameOf("stopped")))).toBe(true);
  });
});

describe("a signal to run", () => {
  it("goes to the process: INT once, TERM, HUP and QUIT", async () => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
      const name = signal.slice(3);
      const script = `trap 'echo ${name}; exit 5' ${name}; echo ready; while :; do sleep 0.1; done`;
      const child = spawnCli(["run", "-q", "sh", "-c", script], { env });
      child.stdout.once("data", () => child.kill(signal));
      expect(await resultOf(child)).toMatchObject({
        code: 5,
        stdout: expect.stringContaining(name),
      });
    }
  });

  it("INT for the second time leaves the process, and tells how to follow it", async () => {
    const script = "trap 'echo no' INT; echo ready; while :; do sleep 0.1 || :; done";
    const child = spawnCli(["run", "-q", "--id", "stubborn", "sh", "-c", script], { env });
    child.stdout.on("data", () => child.kill("SIGINT"));
    const { code, stderr } = await resultOf(child);
    expect(code).toBe(130);
    expect(stderr).toContain(
      `follow it with: aiem-process logs -f --exit-code ${nameOf("stubborn")}`,
    );
    expect(await client.getProcess(nameOf("stubborn"))).toMatchObject({ state: "STATE_RUNNING" });
  });
});

describe("a signal to run that the server does not take", () => {
  it("INT for the second time leaves the process all the same, with nothing else to say", async () => {
    const server = await startStubServer();
    onTestFinished(() => server.close());
    server.faults.add({ method: "SendSignal", fault: "blackhole" });
    const args = ["run", "-q", "--id", "deaf", "sh", "-c", "echo ready; exec sleep 60"];
    const child = spawnCli(args, { env: stubEnvironment(server) });
    const result = resultOf(child);
    await once(child.stdout, "data");
    child.kill("SIGINT");
    await expect.poll(() => server.faults.calls("SendSignal")).toBe(1);
    child.kill("SIGINT");
    const { code, stderr } = await result;
    expect(code).toBe(130);
    expect(stderr).toMatch(/^left \S+\/deaf; follow it with: [^\n]*\n$/);
  });
});

describe("run --local", () => {
  it("needs no AIEM: it runs here, in this directory and with this home, and says so", async () => {
    const result = await cli(["run", "--local", "sh", "-c", 'pwd -P; echo "$HOME"; exit 4'], {
      cwd: folder,
      env: { HOME: "/nowhere" },
    });
    expect(result).toMatchObject({ code: 4, stdout: `${folder}\n/nowhere\n` });
    expect(result.stderr).toMatch(
      /^--local: runs on this machine, in an engine of our own that isolates nothing\nworkspaces\/default\/sandboxEngines\/local\/processes\/\S+\n$/,
    );
  });

  it("ends its process with itself when the second Ctrl-C leaves it", async () => {
    const script = "trap : INT; echo $$; while :; do sleep 0.1; done";
    const child = spawnCli(["run", "--local", "-q", "sh", "-c", script]);
    const closed = once(child, "close");
    const [pid] = await once(child.stdout, "data");
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    expect(() => process.kill(Number(String(pid)), 0)).toThrow("ESRCH");
  });
});

describe("run refuses, with code 125 and in one line,", () => {
  it.each([
    [
      ["run"],
      /^aiem-process run: missing required argument 'command'; see aiem-process run --help$/,
    ],
    [["run", "--nope", "x"], /unknown option '--nope'.*--help$/],
    [["run", "-e", "=x", "true"], /a variable has no name/],
    [["run", "--secret-env", "K", "true"], /--secret-env must be K=VERSION/],
    [["run", "--secret-env", "K=latest", "true"], /--secret-env K: must be workspaces/],
    [["run", "-d", "--local", "true"], /-d cannot go with --local/],
    [["run", "-d", "--timeout", "1", "true"], /-d cannot go with --timeout/],
    [["run", "--stop-on-timeout", "true"], /--stop-on-timeout needs --timeout/],
    [["run", "--timeout", "soon", "true"], /'soon' is invalid. It must be a duration/],
    [["run", "-w", "relative", "true"], /^aiem-process run: --workdir must be an absolute path/],
    [["run", "--id", "Not_An_Id", "true"], /^aiem-process run: --id must be 1 to 63/],
  ])("%j", async (args, line) => {
    const { code, stdout, stderr } = await cli(args, { env });
    expect(stderr.trimEnd()).toMatch(line);
    expect(stderr.trimEnd()).not.toContain("\n");
    expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
  });
});
