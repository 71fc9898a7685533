import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { makeTestCertificates } from "../support/certificates.js";
import { listen } from "../transport/support/listen.js";
import { cleanEnvironment, cli, resultOf, spawnCli, stubEnvironment } from "./support/cli.js";

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

/** The one line, without the command before it. */
async function failure(args: readonly string[], changes: Record<string, string> = {}) {
  const { code, stdout, stderr } = await cli(args, { env: { ...env, ...changes } });
  expect(stdout).toBe("");
  expect(stderr).toMatch(new RegExp(`^aiem-process ${args[0]}: [^\\n]+\\n$`));
  return { code, line: stderr.trimEnd().replace(/^aiem-process \w+: /, "") };
}

describe("a failure is one line that tells what, of which resource, and what to do:", () => {
  it("no engine is named", async () => {
    expect(await failure(["list"], { AIEM_PARENT: "" })).toEqual({
      code: 2,
      line: "no engine is named: pass --parent workspaces/W/sandboxEngines/E, or set AIEM_PARENT; see aiem-process list --help",
    });
  });

  it("the engine's name is none", async () => {
    const { code, line } = await failure(["list", "--parent", "engine"]);
    expect(code).toBe(2);
    expect(line).toBe(
      '--parent must be workspaces/{workspace}/sandboxEngines/{engine}, but is "engine"',
    );
  });

  it("the process is not there", async () => {
    const { code, line } = await failure(["get", "gone"]);
    expect(code).toBe(1);
    expect(line).toMatch(
      new RegExp(`${stub.parent}/processes/gone.*; \`aiem-process list\` shows what there is`),
    );
  });

  it("the engine is not there", async () => {
    const { code, line } = await failure([
      "run",
      "--parent",
      "workspaces/w/sandboxEngines/x",
      "true",
    ]);
    expect(code).toBe(125);
    expect(line).toMatch(
      /workspaces\/w\/sandboxEngines\/x.*; check --parent; another user's engine/,
    );
  });

  it("the engine does not run", async () => {
    const server = await startStubServer();
    onTestFinished(() => server.close());
    await server.engines.setState(server.parent, "STATE_TERMINATED");
    const { code, line } = await failure(["run", "true"], stubEnvironment(server));
    expect(code).toBe(125);
    expect(line).toMatch(new RegExp(`${server.parent}.*not in running state`));
  });

  it("the token is refused", async () => {
    const { code, line } = await failure(["list"], { AIEM_TOKEN: "refused-token" });
    expect(code).toBe(1);
    expect(line).toMatch(
      new RegExp(
        `${stub.parent}.*; set AIEM_TOKEN to a token that is valid, or log in with the H2O CLI$`,
      ),
    );
    expect(line).not.toContain("refused-token");
  });

  it("there is no token", async () => {
    const { line } = await failure(["list"], { AIEM_TOKEN: "" });
    expect(line).toMatch(/carries no token.*; set AIEM_TOKEN to a token that is valid/);
    expect(line).not.toContain("tokenProvider");
  });

  it("the login has ended", async () => {
    const server = await startStubServer();
    onTestFinished(() => server.close());
    server.platform.revokeRefreshTokens();
    const { line } = await failure(["list"], {
      AIEM_URL: "",
      H2O_CLOUD_ENVIRONMENT: server.url,
      H2O_CLOUD_CLIENT_PLATFORM_TOKEN: server.platform.refreshToken,
    });
    expect(line).toMatch(/invalid_grant.*: log in again for a new one$/);
  });

  it("a secret's version has no such name", async () => {
    expect(await failure(["run", "--secret-env", "KEY=bad", "true"])).toEqual({
      code: 125,
      line: "--secret-env KEY: must be workspaces/{workspace}/secrets/{secret}/versions/{secret_version}",
    });
  });

  it("the id is taken", async () => {
    await client.createProcess(stub.parent, { command: "true" }, { processId: "taken" });
    const { code, line } = await failure(["run", "--id", "taken", "echo", "x"]);
    expect(code).toBe(125);
    expect(line).toMatch(/processes\/taken exists already/);
  });

  it("the output cannot be resumed", async () => {
    const server = await startStubServer();
    onTestFinished(() => server.close());
    const args = ["run", "-q", "printf", "0123456789"];
    for (const [nth, bytes] of [4, 2, 2, 2].entries()) {
      server.faults.add({
        method: "StreamOutput",
        nth: nth + 1,
        fault: "reset",
        at: { bytes },
      });
    }
    const { code, stderr } = await cli(args, { env: stubEnvironment(server) });
    expect(code).toBe(125);
    expect(stderr).toMatch(/cannot be resumed: 3 replays in a row .*; try again later\n$/);
  });

  it("nobody listens", async () => {
    const { code, line } = await failure(["list"], { AIEM_URL: "http://127.0.0.1:9" });
    expect(code).toBe(1);
    expect(line).toMatch(
      /connection refused; check the address.*; `aiem-process doctor` tells where it fails$/,
    );
  });

  it("something else answers there", async () => {
    const other = createServer((request, response) => {
      request.resume();
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>not here</h1>");
    });
    const { port, close } = await listen(other);
    onTestFinished(close);
    const address = `http://127.0.0.1:${port}`;
    const { line } = await failure(["list", "--protocol", "rest"], { AIEM_URL: address });
    expect(line).toMatch(
      /HTTP 404.*; check --url and --protocol; `aiem-process doctor` tells where it fails$/,
    );
  });

  it("the address is none", async () => {
    const { code, line } = await failure(["list", "--url", "aiem"]);
    expect(code).toBe(2);
    expect(line).toMatch(/^--url must be /);
  });

  it("a token would go unencrypted", async () => {
    const { line } = await failure(["list", "--url", "http://192.0.2.1"]);
    expect(line).toMatch(/refused to send a token unencrypted.* pass --allow-plaintext-token$/);
  });

  it("the file of authorities is not there", async () => {
    const { line } = await failure(["list", "--url", "https://127.0.0.1:9", "--ca-cert", "/no/ca"]);
    expect(line).toMatch(/--ca-cert \/no\/ca cannot be read: ENOENT/);
  });

  it("the certificate is not trusted", async () => {
    const { server } = await makeTestCertificates();
    const secure = await startStubServer({ tls: server });
    onTestFinished(() => secure.close());
    const { line } = await failure(["list"], stubEnvironment(secure));
    expect(line).toMatch(/as --ca-cert, or for a test pass --insecure-skip-tls-verify/);
  });

  it("what others say cannot steer the terminal", async () => {
    const evil = createServer((request, response) => {
      request.resume();
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ code: 9, message: "\u001b[2Jgone\nsecond line" }));
    });
    const { port, close } = await listen(evil);
    onTestFinished(close);
    const address = `http://127.0.0.1:${port}`;
    const { line } = await failure(["list", "--protocol", "rest"], { AIEM_URL: address });
    expect(line).not.toContain("\u001b");
    expect(line).toContain("second line");
  });

  /** Runs with a stdout that takes nothing. */
  async function onFullDisk(args: readonly string[]) {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [inject("cli"), ...args], {
      env: { ...cleanEnvironment("/nowhere"), ...env },
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    const [stderr, [code]] = await Promise.all([
      child.stderr && text(child.stderr),
      once(child, "close"),
    ]);
    return { code, stderr };
  }

  it("the disk behind stdout is full", async () => {
    expect(await onFullDisk(["list"])).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^aiem-process list: [^\n]*ENOSPC[^\n]*\n$/),
    });
  });

  it("the disk behind stdout is full, while the process of run goes on", async () => {
    const args = ["run", "-q", "--id", "unheard", "sh", "-c", "echo x; exec sleep 60"];
    const { code, stderr } = await onFullDisk(args);
    const name = `${stub.parent}/processes/unheard`;
    expect(code).toBe(125);
    expect(stderr).toMatch(
      new RegExp(
        `^left ${name}; follow it with: aiem-process logs -f --exit-code ${name}\naiem-process run: ${name}: ENOSPC[^\\n]*\n$`,
      ),
    );
    expect(await client.getProcess(name)).toMatchObject({ state: "STATE_RUNNING" });
  });

  it("the embedded engine is for Linux", async () => {
    const setPlatform = "Object.defineProperty(process, 'platform', { value: 'darwin' })";
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(setPlatform)}`;
    const { code, line } = await failure(["run", "--local", "true"], { NODE_OPTIONS });
    expect({ code, line }).toEqual({
      code: 125,
      line: "--local works on Linux only, and this is darwin",
    });
  });
});

describe("--verbose", () => {
  it("adds the causes of a failure, and tells of each retry", async () => {
    const changes = { ...env, AIEM_URL: "http://127.0.0.1:9" };
    const { stderr } = await cli(["list", "-v"], { env: changes });
    const lines = stderr.trimEnd().split("\n");
    expect(lines.slice(0, -2)).toEqual([
      expect.stringMatching(/^ListProcesses failed \(1\), again in \d+ ms: .*connection refused/),
      expect.stringMatching(/^ListProcesses failed \(2\)/),
      expect.stringMatching(/^ListProcesses failed \(3\)/),
    ]);
    expect(lines.at(-2)).toMatch(/^aiem-process list: ListProcesses of .*connection refused/);
    expect(lines.at(-1)).toMatch(/^ {2}caused by Error: connect ECONNREFUSED 127\.0\.0\.1:9$/);
  });

  it("tells of output that goes on after a break", async () => {
    const server = await startStubServer();
    const own = new ProcessClient(server.connection);
    const script = "echo one; while ! test -e go; do sleep 0.1; done; echo two";
    const spec = { command: "sh", args: ["-c", script] };
    const { name } = await own.createProcess(server.parent, spec, { autoRun: true });
    const child = spawnCli(["logs", "-f", "-v", name], { env: stubEnvironment(server) });
    const result = resultOf(child);
    await once(child.stdout, "data");
    await server.stop();
    await server.listen();
    await own.runProcess(server.parent, { command: "touch", args: ["go"] });
    const { code, stdout, stderr } = await result;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "one\ntwo\n" });
    expect(stderr).toMatch(/^output goes on after 4 bytes that were sent again$/m);
    own.close();
    await server.close();
  });
});
