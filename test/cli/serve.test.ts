import { execFile } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { Code, ConnectError, ProcessClient, refreshTokenProvider } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { isAlive } from "../stub/engine/support.js";
import { makeTestCertificates } from "../support/certificates.js";
import { cli, type RunningCli, resultOf, spawnCli } from "./support/cli.js";

interface Ready {
  readonly url: string;
  readonly token: string;
  readonly parent: string;
  readonly port: number;
  readonly pid: number;
  readonly refreshToken: string;
  readonly controlUrl?: string;
  readonly controlToken?: string;
}

interface Served {
  readonly child: RunningCli;
  readonly ready: Ready;
  readonly client: ProcessClient;
  /** Lines of stdout after the first one. */
  readonly more: readonly string[];
}

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "aiem-serve-")));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a server of its own, as a script does, and reads what it tells. */
async function serve(args: readonly string[] = []): Promise<Served> {
  const child = spawnCli(["serve", "--json", ...args]);
  const lines = createInterface(child.stdout);
  const [line] = await once(lines, "line");
  const more: string[] = [];
  lines.on("line", (text) => more.push(text));
  const ready: Ready = JSON.parse(line);
  const client = new ProcessClient({ aiemUrl: ready.url, tokenProvider: ready.token });
  onTestFinished(() => client.close());
  return { child, ready, client, more };
}

/** Runs a process that starts others, in the session of its own and in other groups. */
async function startFamily({ client, ready }: Served): Promise<number[]> {
  const script = "sleep 5000 & echo $! $$; set -m; sleep 6000 & echo $!; echo ready; wait";
  const { name } = await client.createProcess(
    ready.parent,
    { command: "bash", args: ["-c", script] },
    { autoRun: true },
  );
  let printed = "";
  for await (const { data } of client.streamOutput(name)) {
    printed += Buffer.from(data).toString();
    if (printed.endsWith("ready\n")) {
      break;
    }
  }
  return printed.match(/\d+/g)?.map(Number) ?? [];
}

function control({ ready }: Served, method: string, path: string, body?: object) {
  return fetch(`${ready.controlUrl}/${path}`, {
    method,
    headers: { authorization: `Bearer ${ready.controlToken}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

describe("serve", () => {
  it("tells its URL in one line when it listens, and no more", async () => {
    const child = spawnCli(["serve"]);
    const [line] = await once(child.stdout, "data");
    const [, url = ""] = /^ready (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(String(line)) ?? [];
    expect((await fetch(`${url}/version`)).status).toBe(200);
    const result = resultOf(child);
    child.kill("SIGTERM");
    expect(await result).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
  });

  it("tells JSON in its place, with which a client and a login reach it", async () => {
    const served = await serve();
    const { child, ready, client, more } = served;
    expect(ready).toMatchObject({ pid: child.pid, port: Number(new URL(ready.url).port) });
    expect(Object.keys(ready).sort()).toEqual(
      ["parent", "pid", "port", "refreshToken", "token", "url"].sort(),
    );
    const { stdout } = await client.runProcess(ready.parent, { command: "echo", args: ["hi"] });
    expect(stdout.text()).toBe("hi\n");
    const tokenProvider = refreshTokenProvider({
      issuerUrl: `${ready.url}/auth`,
      clientId: "platform-client",
      refreshToken: ready.refreshToken,
    });
    const other = new ProcessClient({ aiemUrl: ready.url, tokenProvider });
    onTestFinished(() => other.close());
    await expect(other.listProcesses(ready.parent)).resolves.toMatchObject({
      processes: [expect.anything()],
    });
    expect(more).toEqual([]);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)(
    "ends 0 by %s, and leaves neither processes nor files",
    async (signal) => {
      const readyFile = join(folder, `ready-${signal}`);
      const served = await serve(["--control", "--ready-file", readyFile]);
      expect(JSON.parse(readFileSync(readyFile, "utf8"))).toEqual(served.ready);
      const pids = await startFamily(served);
      expect(pids).toHaveLength(3);
      expect(pids.filter(isAlive)).toEqual(pids);
      const engine = Object(await (await control(served, "GET", served.ready.parent)).json());
      const directory = dirname(dirname(engine.rootDirectory));
      expect(existsSync(directory)).toBe(true);
      served.child.kill(signal);
      expect(await once(served.child, "close")).toEqual([0, null]);
      expect(pids.filter(isAlive)).toEqual([]);
      expect(existsSync(directory)).toBe(false);
      expect(existsSync(readyFile)).toBe(false);
    },
  );

  it("leaves neither processes nor files when it is killed", async () => {
    const served = await serve(["--control"]);
    const pids = await startFamily(served);
    const engine = Object(await (await control(served, "GET", served.ready.parent)).json());
    const directory = dirname(dirname(engine.rootDirectory));
    served.child.kill("SIGKILL");
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
    await expect.poll(() => existsSync(directory)).toBe(false);
  });

  it("can be used from a script: wait for the ready file, then kill it", async () => {
    const readyFile = join(folder, "script-ready");
    const program = `
      "$@" serve --ready-file ${readyFile} >/dev/null &
      while [ ! -e ${readyFile} ]; do sleep 0.05; done
      cat ${readyFile}; kill $!; wait $!; echo "ended $?"; ls ${readyFile}* 2>/dev/null; true`;
    const { stdout } = await promisify(execFile)(
      "sh",
      ["-c", program, "sh", process.execPath, inject("cli")],
      { env: { PATH: process.env["PATH"] ?? "" } },
    );
    const [json = "", ...rest] = stdout.trimEnd().split("\n");
    expect(JSON.parse(json)).toMatchObject({ url: expect.stringContaining("http://127.0.0.1:") });
    expect(rest).toEqual(["ended 0"]);
  });

  it("writes a ready file that only its owner can read, and leaves one that is another's now", async () => {
    const readyFile = join(folder, "shared-ready");
    const { child } = await serve(["--ready-file", readyFile]);
    expect(statSync(readyFile).mode & 0o777).toBe(0o600);
    writeFileSync(readyFile, "another server\n");
    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([0, null]);
    expect(readFileSync(readyFile, "utf8")).toBe("another server\n");
  });

  it("logs each call on stderr with -v, and nothing of it can steer a terminal", async () => {
    const { child, ready, client } = await serve(["-v"]);
    const stderr = text(child.stderr);
    await client.listProcesses(ready.parent);
    await fetch(`${ready.url}/v1/workspaces/%1b[2J/sandboxEngines/e/processes`);
    child.kill("SIGTERM");
    const [first, second, ...others] = (await stderr).trimEnd().split("\n");
    expect(first).toMatch(
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} grpc ListProcesses ${ready.parent} OK \\d+ ms$`),
    );
    expect(second).toMatch(/ rest ListProcesses .*\\u001b\[2J.* UNAUTHENTICATED \(.*\) \d+ ms$/);
    expect(others).toEqual([]);
  });

  it("creates the engines, users and secrets that are named", async () => {
    const engines = ["workspaces/w/sandboxEngines/a", "workspaces/w/sandboxEngines/b"] as const;
    const version = "workspaces/w/secrets/s/versions/1";
    const { ready, client } = await serve([
      ...engines.flatMap((name) => ["--parent", name]),
      ...["--user", "dG9rZW4==users/a", "--user", "token-b=users/b"],
      ...["--secret", `${version}=a=b`],
    ]);
    expect(ready).toMatchObject({ token: "dG9rZW4=", parent: engines[0] });
    const { stdout } = await client.runProcess(engines[1], {
      command: "sh",
      args: ["-c", 'printf "$S"'],
      secretEnvironmentVariables: { S: { secretVersion: version } },
    });
    expect(stdout.text()).toBe("a=b");
    const b = new ProcessClient({ aiemUrl: ready.url, tokenProvider: "token-b" });
    onTestFinished(() => b.close());
    const listed = b.listProcesses(engines[0]).catch((error: unknown) => ConnectError.from(error));
    expect(await listed).toMatchObject({ code: Code.NotFound });
  });

  it("serves TLS with the certificate and key that are named", async () => {
    const { authority, server } = await makeTestCertificates();
    const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((name) => join(folder, name));
    writeFileSync(ca ?? "", authority.cert);
    writeFileSync(cert ?? "", server.cert);
    writeFileSync(key ?? "", server.key);
    const { ready } = await serve(["--tls-cert", cert ?? "", "--tls-key", key ?? ""]);
    expect(ready.url).toMatch(/^https:/);
    const config = { aiemUrl: ready.url, tokenProvider: ready.token };
    const client = new ProcessClient(config, { sslCaCert: ca });
    onTestFinished(() => client.close());
    await expect(client.listProcesses(ready.parent)).resolves.toMatchObject({ processes: [] });
  });

  it("injects the faults of a file", async () => {
    const file = join(folder, "faults.json");
    const fault = { method: "ListProcesses", fault: "status", code: "DATA_LOSS", nth: 2 };
    writeFileSync(file, JSON.stringify([fault]));
    const { ready, client } = await serve(["--faults", file]);
    await client.listProcesses(ready.parent);
    await expect(client.listProcesses(ready.parent)).rejects.toMatchObject({ code: Code.DataLoss });
  });

  it("serves the control API where it is asked to", async () => {
    const served = await serve(["--control"]);
    expect(served.ready.controlUrl).toBe(`${served.ready.url}/_stub/v1`);
    expect((await control(served, "GET", "calls")).status).toBe(200);
  });

  it("listens beyond this machine with a user's own token only, and warns of it", async () => {
    const host = ["serve", "--host", "0.0.0.0"];
    const { code, stderr } = await cli(host);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /^aiem-process serve: --host: beyond the loopback.* pass --user with a token of your own.*--help\n$/,
      ),
    });
    const child = spawnCli([...host, "--user", "mine=users/me"]);
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    expect(await text(child.stderr)).toMatch(/^warning: 0\.0\.0\.0 .*isolates nothing.*\n$/);
  });

  it("tells a port that is taken in one line, with code 1", async () => {
    const stub = await startStubServer();
    onTestFinished(() => stub.close());
    const result = await cli(["serve", "--port", String(stub.port)]);
    expect(result).toEqual({
      code: 1,
      signal: null,
      stdout: "",
      stderr: `aiem-process serve: port ${stub.port} of 127.0.0.1 is taken: pass another --port, or 0 for one that is free\n`,
    });
  });
});

describe("serve refuses, in one line,", () => {
  beforeAll(() => {
    const write = (name: string, content: unknown) =>
      writeFileSync(
        join(folder, name),
        typeof content === "string" ? content : JSON.stringify(content),
      );
    write("no.json", "{");
    write("object.json", {});
    write("bad.json", [
      { method: "*", fault: "reset" },
      { method: "*", fault: "earthquake" },
    ]);
    write("text.pem", "text");
  });

  it.each<[args: string[], code: number, line: RegExp]>([
    [["--port", "70000"], 2, /--port.* It must be a whole number from 0 to 65535/],
    [
      ["--parent", "local"],
      2,
      /--parent: engine name "local" must be workspaces\/\{workspace\}\/sandboxEngines/,
    ],
    [["--user", "token"], 2, /--user must be TOKEN=SUBJECT, such as my-token=users\/me/],
    [["--user", "a b=users/a"], 2, /--user: a token must not be empty nor hold white space/],
    [["--user", "t=users/a", "--user", "t=users/b"], 2, /--user is given twice for the same TOKEN/],
    [["--secret", "=x"], 2, /--secret must be NAME=VALUE/],
    [["--secret", "s=x"], 2, /--secret: secret "s" must be named workspaces/],
    [["--tls-cert", "FOLDER/text.pem"], 2, /--tls-cert and --tls-key go together/],
    [
      ["--tls-cert", "FOLDER/none.pem", "--tls-key", "FOLDER/none.pem"],
      2,
      /--tls-cert cannot be read: ENOENT/,
    ],
    [
      ["--tls-cert", "FOLDER/text.pem", "--tls-key", "FOLDER/text.pem"],
      2,
      /--tls-cert, --tls-key: .*PEM/,
    ],
    [["--faults", "FOLDER/none.json"], 2, /--faults cannot be read: ENOENT/],
    [["--faults", "FOLDER/no.json"], 2, /--faults: .*no\.json is no JSON/],
    [["--faults", "FOLDER/object.json"], 2, /must have an array of faults/],
    [["--faults", "FOLDER/bad.json"], 2, /--faults: \[1\] of .*bad\.json: fault: .*earthquake/],
    [["--ready-file", "FOLDER/none/ready"], 1, /--ready-file cannot be written: ENOENT/],
    [["--host", "a b"], 2, /--host: must be an IP address or a host name/],
    [["--host", "127.0.0.1:80"], 2, /--host: must be an IP address/],
    [
      ["--host", "192.0.2.1", "--user", "t=users/a"],
      1,
      /cannot listen on port 0 of 192\.0\.2\.1: .*EADDRNOTAVAIL/,
    ],
    [["--json", "--", "true"], 2, /--json cannot go with COMMAND/],
    [["--nope"], 2, /unknown option '--nope'/],
  ])("%j", async (args, code, line) => {
    const result = await cli(["serve", ...args.map((arg) => arg.replace("FOLDER", folder))]);
    expect(result.stderr).toMatch(line);
    expect(result.stderr).toMatch(/^aiem-process serve: [^\n]*\n$/);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).not.toContain("users/a");
  });
});
