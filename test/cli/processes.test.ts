import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ProcessClient, type ProcessSpec } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { listen } from "../transport/support/listen.js";
import { cli, stubEnvironment } from "./support/cli.js";

let stub: StubServer;
let client: ProcessClient;
let env: Record<string, string>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "aiem-processes-"));
  stub = await startStubServer({
    engines: ["a", "b"].map((id) => ({
      name: `workspaces/w/sandboxEngines/${id}`,
      rootDirectory: folder,
    })),
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

function begin(processId: string, ...command: [string, ...string[]]) {
  const [program, ...args] = command;
  return client.createProcess(
    stub.parent,
    { command: program, args },
    { processId, autoRun: true },
  );
}

function runs(processId: string, script: string) {
  return begin(processId, "sh", "-c", script);
}

describe("create and start", () => {
  it("make a process that waits for its start, and start it, telling its name", async () => {
    const created = await cli(["create", "--id", "later", "echo", "--json"], { env });
    expect(created).toMatchObject({ code: 0, stdout: `${nameOf("later")}\n`, stderr: "" });
    expect(await client.getProcess(nameOf("later"))).toMatchObject({
      state: "STATE_PENDING",
      args: ["--json"],
    });
    const started = await cli(["start", "later"], { env });
    expect(started).toMatchObject({ code: 0, stdout: `${nameOf("later")}\n`, stderr: "" });
    expect(await client.waitProcess(nameOf("later"))).toMatchObject({ state: "STATE_SUCCEEDED" });
  });

  it("write the process as JSON for machines", async () => {
    const { stdout } = await cli(["create", "--id", "json", "--json", "true"], { env });
    expect(JSON.parse(stdout)).toMatchObject({ name: nameOf("json"), state: "STATE_PENDING" });
    const { stdout: started } = await cli(["start", "--json", "json"], { env });
    expect(JSON.parse(started)).toMatchObject({ name: nameOf("json"), command: "true" });
  });
});

describe("get", () => {
  it("shows what is known of a process, without the values of its variables", async () => {
    const spec: ProcessSpec = {
      command: "sh",
      args: ["-c", "exit 3"],
      environmentVariables: { PASSWORD: "do not show" },
      secretEnvironmentVariables: { S: { secretVersion: "workspaces/w/secrets/s/versions/1" } },
    };
    const options = { processId: "shown", autoRun: true };
    await client.waitProcess((await client.createProcess(stub.parent, spec, options)).name);
    const { code, stdout } = await cli(["get", "shown"], { env });
    expect(code).toBe(0);
    expect(stdout.split("\n").map((line) => line.replace(/\d.*/, "#"))).toEqual([
      `Name       ${nameOf("shown")}`,
      "State      failed (#",
      "Command    sh -c 'exit #",
      "Directory  /",
      "Variables  PASSWORD",
      "Secret     S=workspaces/w/secrets/s/versions/#",
      "Created    #",
      "Started    #",
      "Ended      #",
      "Took       #",
      "",
    ]);
  });

  it("writes JSON Lines in the order of the ids, those of another engine by their names", async () => {
    const other = await client.createProcess("workspaces/w/sandboxEngines/b", { command: "true" });
    await begin("first", "true");
    const { stdout } = await cli(["get", "--json", "first", other.name], { env });
    const names = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).name);
    expect(names).toEqual([nameOf("first"), other.name]);
  });

  it("shows the others when one is not there, and tells what to do", async () => {
    await begin("there", "true");
    const { code, stdout, stderr } = await cli(["get", "--json", "gone", "there"], { env });
    expect(code).toBe(1);
    expect(JSON.parse(stdout).name).toBe(nameOf("there"));
    expect(stderr).toMatch(
      /^aiem-process get: .*workspaces\/w\/sandboxEngines\/a\/processes\/gone.*`aiem-process list` shows what there is.*\n$/,
    );
  });
});

describe("list", () => {
  it("shows 50, and says so where there are more, unless it was told how many", async () => {
    const server = await startStubServer();
    onTestFinished(() => server.close());
    const own = new ProcessClient(server.connection);
    const create = () => own.createProcess(server.parent, { command: "true" });
    await Promise.all(Array.from({ length: 50 }, create));
    const there = stubEnvironment(server);
    const all = await cli(["list", "-q"], { env: there });
    expect(all).toMatchObject({ code: 0, stderr: "" });
    await create();
    const first = await cli(["list", "-q"], { env: there });
    expect(first).toMatchObject({ code: 0, stderr: "there are more than 50: -n shows more\n" });
    expect(first.stdout.trimEnd().split("\n")).toHaveLength(50);
    const told = await cli(["list", "-q", "-n", "50"], { env: there });
    expect(told).toMatchObject({ code: 0, stdout: first.stdout, stderr: "" });
    own.close();
  });

  const parent = ["--parent", "workspaces/w/sandboxEngines/b"];

  it("aligns a table, newest first, whatever the commands contain", async () => {
    const engine = "workspaces/w/sandboxEngines/b";
    const options = { autoRun: true };
    const evil = { command: "echo", args: ["it's", "\u001b[31mred\nline"] };
    const one = { processId: "one", ...options };
    await client.waitProcess((await client.createProcess(engine, evil, one)).name);
    await client.createProcess(engine, { command: "true" }, { processId: "a-longer-id" });
    for (const name of ["list", "ls", "ps"]) {
      const { code, stdout, stderr } = await cli([name, ...parent], { env });
      const [head = "", ...rows] = stdout.trimEnd().split("\n");
      const at = ["ID", "STATE", "CREATED", "TOOK", "COMMAND"].map((title) => head.indexOf(title));
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const [newest = "", older = ""] = rows;
      expect(newest.slice(at[0], at[1]).trim()).toBe("a-longer-id");
      expect(newest.slice(at[1], at[2]).trim()).toBe("pending");
      expect(newest.slice(at[3], at[4]).trim()).toBe("-");
      expect(older.slice(at[1], at[2]).trim()).toBe("succeeded");
      expect(older.slice(at[2], at[3]).trim()).toMatch(/^(just now|\d+ seconds? ago)$/);
      expect(older.slice(at[4])).toBe("echo 'it'\\''s' '\\u001b[31mred\\u000aline'");
    }
  });

  it("has no colours where stdout is no terminal", async () => {
    const { stdout } = await cli(["list", ...parent], { env });
    expect(stdout).not.toContain("\u001b");
  });

  it("writes ids alone, or JSON Lines, as many as are wanted, of one state", async () => {
    const json = await cli(["list", ...parent, "--json", "-n", "1"], { env });
    expect(JSON.parse(json.stdout)).toMatchObject({ state: "STATE_PENDING", command: "true" });
    const quiet = await cli(["list", ...parent, "-q", "--state", "succeeded"], { env });
    expect(quiet.stdout).toBe("one\n");
    const none = await cli(["list", ...parent, "-q", "--state", "STATE_FAILED"], { env });
    expect(none).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it("ends 141 without a word when nobody reads", async () => {
    const { stderr, code } = await cli(["list", "--json"], { env, closedStdout: true });
    expect({ stderr, code }).toEqual({ stderr: "", code: 141 });
  });
});

describe("signal", () => {
  it.each([
    [[], 143],
    [["-s", "KILL"], 137],
    [["-s", "sighup"], 129],
    [["--signal", "10"], 138],
    [["-9"], 137],
    [["-INT"], 130],
  ])("%j reaches several processes", async (args, exitCode) => {
    const ids = ["x", "y"].map((id) => `s${args.join("").toLowerCase().replaceAll("-", "")}${id}`);
    await Promise.all(ids.map((id) => begin(id, "sleep", "60")));
    const result = await cli(["signal", ...args, ...ids], { env });
    expect(result).toMatchObject({ code: 0, stdout: "", stderr: "" });
    for (const id of ids) {
      expect(await client.waitProcess(nameOf(id))).toMatchObject({ exitCode });
    }
  });

  it("is called kill, too, and tells of a process that has ended", async () => {
    await client.waitProcess((await begin("over", "true")).name);
    const { code, stderr } = await cli(["kill", "over"], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^aiem-process signal: .*over is not RUNNING.*\n$/);
  });

  it.each([
    [["-NOPE", "x"], "unknown option '-NOPE'"],
    [["--jsn", "x"], "unknown option '--jsn'"],
    [["-9"], "missing required argument 'id'"],
    [["-s", "9", "-9", "x"], "unknown option '-9'"],
  ])("%j is refused, with code 2", async (args, line) => {
    expect(await cli(["kill", ...args], { env })).toMatchObject({
      code: 2,
      stderr: `aiem-process signal: ${line}; see aiem-process signal --help\n`,
    });
  });

  it("refuses what is no signal, with code 2", async () => {
    const { code, stderr } = await cli(["signal", "-s", "NOPE", "x"], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(/'NOPE' is invalid. It must be a Linux signal.*\n$/);
  });
});

describe("stop", () => {
  it("asks processes to end, and kills those that do not within the grace", async () => {
    await runs("mild", "trap 'exit 0' TERM; touch mild; while :; do sleep 0.1; done");
    await runs("hard", "trap '' TERM; touch hard; while :; do sleep 0.1; done");
    await expect
      .poll(async () => (await cli(["run", "-q", "ls"], { env })).stdout)
      .toMatch(/hard\nmild/);
    const result = await cli(["stop", "--grace", "500ms", "mild", "hard"], { env });
    expect(result).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await client.getProcess(nameOf("mild"))).toMatchObject({ exitCode: 0 });
    expect(await client.getProcess(nameOf("hard"))).toMatchObject({ exitCode: 137 });
  });
});

describe("wait", () => {
  it("ends as the process did", async () => {
    await runs("seven", "sleep 0.2; exit 7");
    expect(await cli(["wait", "seven"], { env })).toMatchObject({
      code: 7,
      stdout: "",
      stderr: "",
    });
    await runs("killed", "kill -9 $$");
    expect(await cli(["wait", "killed"], { env })).toMatchObject({ code: 137 });
  });

  it("ends 1 for a process that failed without a code", async () => {
    const name = nameOf("no-code");
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ process: { name, state: "STATE_FAILED", exitCode: 0 } }));
    });
    const { port, close } = await listen(server);
    onTestFinished(close);
    const address = `http://127.0.0.1:${port}`;
    const args = ["wait", "--protocol", "rest", "--url", address, name];
    expect(await cli(args, { env })).toMatchObject({ code: 1, stdout: "", stderr: "" });
  });

  it("of several writes a line each, and ends 0 only if all did", async () => {
    await runs("good", "exit 0");
    await runs("bad", "exit 3");
    const both = await cli(["wait", "good", "bad"], { env });
    expect(both.code).toBe(1);
    expect(both.stdout.split("\n").sort()).toEqual(["", "bad 3", "good 0"]);
    const same = await cli(["wait", "good", nameOf("good")], { env });
    expect(same.code).toBe(0);
  });

  it("writes the process as JSON for machines", async () => {
    await runs("told", "exit 4");
    const { code, stdout } = await cli(["wait", "--json", "told"], { env });
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ name: nameOf("told"), exitCode: 4 });
  });

  it("gives up in time with code 124, and says what the process does", async () => {
    await begin("goes-on", "sleep", "60");
    await client.createProcess(stub.parent, { command: "true" }, { processId: "pending" });
    for (const [id, what] of [
      ["goes-on", "it goes on"],
      ["pending", "it is pending: `aiem-process start` starts it"],
    ] as const) {
      expect(await cli(["wait", "--timeout", "300ms", id], { env })).toEqual({
        code: 124,
        signal: null,
        stdout: "",
        stderr: `aiem-process wait: ${nameOf(id)}: has not ended within 0.3 s; ${what}\n`,
      });
    }
  });

  it("tells why it does not know what the process does", async () => {
    const nobody = { ...env, AIEM_URL: "http://127.0.0.1:9" };
    const { code, stderr } = await cli(["wait", "--timeout", "300ms", "any"], { env: nobody });
    expect(code).toBe(124);
    expect(stderr).toMatch(
      /^aiem-process wait: .*any: has not ended within 0\.3 s; its state is not known: .*connection refused[^\n]*\n$/,
    );
  });

  it("fails with 125, which no process's code is mixed up with", async () => {
    expect(await cli(["wait", "nowhere"], { env })).toMatchObject({ code: 125 });
    expect(await cli(["wait"], { env })).toMatchObject({ code: 125 });
  });
});
