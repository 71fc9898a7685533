import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { listen } from "../transport/support/listen.js";
import { stubEnvironment } from "./support/cli.js";
import { hasTerminals, openTerminal } from "./support/terminal.js";

let stub: StubServer;
let client: ProcessClient;
let env: Record<string, string>;

beforeAll(async () => {
  stub = await startStubServer();
  client = new ProcessClient(stub.connection);
  env = stubEnvironment(stub);
});

afterAll(async () => {
  client.close();
  await stub.close();
});

const CTRL_C = "\u0003";

async function runs(script: string): Promise<string> {
  const spec = { command: "sh", args: ["-c", script] };
  return (await client.createProcess(stub.parent, spec, { autoRun: true })).name;
}

describe.skipIf(!hasTerminals)("on a terminal", () => {
  it("the first Ctrl-C interrupts the process of run, once; the second leaves it", async () => {
    const script = "trap 'echo interrupted' INT; echo ready; while :; do sleep 0.1 || :; done";
    const terminal = openTerminal(["run", "--id", "ctrl-c", "sh", "-c", script], env);
    await terminal.shows(/^ready$/m);
    terminal.type(CTRL_C);
    await terminal.shows(/^(\^C)?interrupted$/m);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    const name = `${stub.parent}/processes/ctrl-c`;
    const screen = terminal.screen.join("\n");
    expect(screen).toContain(`left ${name}; follow it with: aiem-process logs -f --exit-code`);
    expect(screen.match(/interrupted/g)).toHaveLength(1);
    expect(await client.getProcess(name)).toMatchObject({ state: "STATE_RUNNING" });
  });

  it("logs -f says that it waits for a start, in a line that vanishes", async () => {
    const spec = { command: "echo", args: ["started"] };
    const { name } = await client.createProcess(stub.parent, spec);
    const terminal = openTerminal(["logs", "-f", name], env);
    await terminal.shows(/^it is pending: waiting for its start \(\d/m);
    await client.startProcess(name);
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen).toEqual(["started", ""]);
  });

  it("an outage is told with its age, and vanishes with it; a silent process is not", async () => {
    const server = await startStubServer();
    const own = new ProcessClient(server.connection);
    const script = "echo one; while ! test -e go; do sleep 0.1; done; echo two";
    const spec = { command: "sh", args: ["-c", script] };
    const { name } = await own.createProcess(server.parent, spec, { autoRun: true });
    const terminal = openTerminal(["logs", "-f", name], stubEnvironment(server));
    await terminal.shows(/^one$/m);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(terminal.screen).toEqual(["one", ""]);
    await server.stop();
    await terminal.shows(/^no answer for \d+(\.\d)?s \(attempts: \d+\): .*connection refused/m);
    await server.listen();
    await expect.poll(() => terminal.screen).toEqual(["one", ""]);
    await own.runProcess(server.parent, { command: "touch", args: ["go"] });
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen).toEqual(["one", "two", ""]);
    own.close();
    await server.close();
  });

  it("a server that says nothing is told, and a Ctrl-C then leaves no half line", async () => {
    const silent = createServer(() => undefined);
    const { port } = await listen(silent);
    const terminal = openTerminal(["list"], { ...env, AIEM_URL: `http://127.0.0.1:${port}` });
    await terminal.shows(/^waiting for an answer \(\d/m);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    expect(terminal.screen.join("")).toMatch(/^(\^C)?$/);
    silent.close();
  });

  it("a terminal that is dumb gets no line that would have to vanish", async () => {
    const name = await runs("sleep 3; echo done");
    const terminal = openTerminal(["logs", "-f", name], { ...env, TERM: "dumb" });
    expect(await terminal.ended).toBe(0);
    expect(terminal.written).toBe("done\r\n");
  });

  it("what the process has not ended with a line end is never written over", async () => {
    const name = await runs("printf 'password: '; sleep 3; echo");
    const terminal = openTerminal(["logs", "-f", name], env);
    expect(await terminal.ended).toBe(0);
    expect(terminal.written).toBe("password: \r\n");
  });

  it("list has colours, unless NO_COLOR is set, and no line longer than the terminal is wide", async () => {
    const engine = "workspaces/default/sandboxEngines/local";
    const args = ["x".repeat(200)];
    await client.runProcess(engine, { command: "echo", args });
    const coloured = openTerminal(["list"], env);
    expect(await coloured.ended).toBe(0);
    expect(coloured.written).toContain("\u001b[32msucceeded\u001b[39m");
    expect(Math.max(...coloured.screen.map((line) => line.length))).toBe(100);
    expect(coloured.screen.join("\n")).toMatch(/ echo x+…$/m);
    const plain = openTerminal(["list"], { ...env, NO_COLOR: "1" });
    expect(await plain.ended).toBe(0);
    expect(plain.written).not.toContain("\u001b[");
  });
});
