import { existsSync, readdirSync, readFileSync } from "node:fs";

import { Code, createClient } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test } from "vitest";

import { OutputStream, Process_State, ProcessService } from "../../src/gen.js";
import { type StubServer, type StubServerOptions, startStubServer } from "../../src/stub/index.js";
import { makeTestCertificates } from "../support/certificates.js";
import { collect } from "../support/collect.js";
import { type ClientTls, PROTOCOLS, type TestTransport } from "./server/protocols.js";

async function start(options?: StubServerOptions): Promise<StubServer> {
  const stub = await startStubServer(options);
  onTestFinished(() => stub.close());
  return stub;
}

function connect(
  stub: StubServer,
  [, make] = PROTOCOLS[0] ?? raise(),
  tls?: ClientTls,
  token = stub.connection.tokenProvider,
) {
  const { transport, close }: TestTransport = make(stub.connection.aiemUrl, tls);
  onTestFinished(close);
  const headers = { authorization: `Bearer ${token}` };
  return { client: createClient(ProcessService, transport), options: { headers } };
}

function raise(): never {
  throw new Error("there are no protocols");
}

const script = (text: string) => ({ command: "/bin/sh", args: ["-c", text] });

describe("startStubServer", () => {
  test.each(PROTOCOLS)("runs a process over %s, and streams its output", async (...protocol) => {
    const stub = await start();
    const { client, options } = connect(stub, protocol);
    const created = await client.createProcess(
      { parent: stub.parent, process: script("printf live; exit 4") },
      options,
    );
    const name = created.process?.name ?? "";
    const chunks = collect(client.streamOutput({ name }, options));
    await client.startProcess({ name }, options);
    const text = (await chunks).map(({ data }) => Buffer.from(data).toString()).join("");
    expect(text).toBe("live");
    const { process } = await client.waitProcess({ name }, options);
    expect(process).toMatchObject({ exitCode: 4, state: Process_State.FAILED });
  });

  test("has one engine and one user with a random token by default", async () => {
    const [one, other] = await Promise.all([start(), start()]);
    expect(one.parent).toBe("workspaces/default/sandboxEngines/local");
    expect(one.url).toBe(`http://127.0.0.1:${one.port}`);
    expect(one.connection).toEqual({
      aiemUrl: one.url,
      tokenProvider: one.token,
      contract: "built-in",
    });
    expect(one.token).not.toBe(other.token);
    const { client, options } = connect(one, undefined, undefined, other.token);
    await expect(client.listProcesses({ parent: one.parent }, options)).rejects.toMatchObject({
      code: Code.Unauthenticated,
    });
  });

  test("creates the engines that are asked for, as the first user's", async () => {
    const names = ["workspaces/w/sandboxEngines/a", "workspaces/w/sandboxEngines/b"];
    const users = { first: "users/1", second: "users/2" };
    const stub = await start({ engines: names, users });
    expect(stub.parent).toBe(names[0]);
    expect(stub.token).toBe("first");
    for (const parent of names) {
      expect(stub.engines.get(parent)).toMatchObject({
        creator: "users/1",
        state: "STATE_RUNNING",
      });
      const first = connect(stub);
      await first.client.listProcesses({ parent }, first.options);
      const second = connect(stub, undefined, undefined, "second");
      await expect(second.client.listProcesses({ parent }, second.options)).rejects.toMatchObject({
        code: Code.NotFound,
      });
    }
  });

  test("creates engines for other users, changes their states and deletes them", async () => {
    const stub = await start({ users: { first: "users/1", second: "users/2" } });
    const parent = "workspaces/w/sandboxEngines/later";
    const { client, options } = connect(stub, undefined, undefined, "second");
    stub.engines.create(parent, { creator: "users/2", state: "STATE_STARTING" });
    const list = () => client.listProcesses({ parent }, options);
    await expect(list()).rejects.toMatchObject({ code: Code.FailedPrecondition });
    await stub.engines.setState(parent, "STATE_RUNNING");
    expect((await list()).processes).toEqual([]);
    await stub.engines.delete(parent);
    await expect(list()).rejects.toMatchObject({ code: Code.NotFound });
    expect(stub.engines.get(parent)).toBeUndefined();
  });

  test("gives secrets to processes", async () => {
    const secretVersion = "workspaces/default/secrets/s/versions/1";
    const stub = await start({ secrets: { [secretVersion]: "hush" } });
    const { client, options } = connect(stub);
    const { process } = await client.createProcess(
      {
        parent: stub.parent,
        process: {
          ...script('printf "$SECRET"'),
          secretEnvironmentVariables: { SECRET: { secretVersion } },
        },
        autoRun: true,
      },
      options,
    );
    const name = process?.name ?? "";
    await client.waitProcess({ name }, options);
    const outputStream = OutputStream.STDOUT;
    const { data } = await client.readOutput({ name, outputStream }, options);
    expect(Buffer.from(data).toString()).toBe("hush");
  });

  test("answers GET /version with the package's version, without a token", async () => {
    const stub = await start();
    const manifest: unknown = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    );
    const response = await fetch(`${stub.url}/version`);
    expect(manifest).toMatchObject(await response.json());
  });

  test("keeps engines and processes over stop and listen", async () => {
    const stub = await start();
    const { client, options } = connect(stub);
    const { process } = await client.createProcess(
      {
        parent: stub.parent,
        process: script("printf before; sleep 0.5; printf after"),
        autoRun: true,
      },
      options,
    );
    const name = process?.name ?? "";
    const { port } = stub;
    await stub.stop();
    await expect(fetch(`${stub.url}/version`)).rejects.toThrow();
    await stub.listen();
    expect(stub.port).toBe(port);
    const again = connect(stub);
    await again.client.waitProcess({ name }, options);
    const { data } = await again.client.readOutput(
      { name, outputStream: OutputStream.STDOUT },
      options,
    );
    expect(Buffer.from(data).toString()).toBe("beforeafter");
  });

  test("serves TLS with its own certificates", async () => {
    const { authority, server } = await makeTestCertificates();
    const stub = await start({ tls: server });
    expect(stub.url).toBe(`https://127.0.0.1:${stub.port}`);
    const { client, options } = connect(stub, undefined, { ca: authority.cert });
    const { processes } = await client.listProcesses({ parent: stub.parent }, options);
    expect(processes).toEqual([]);
  });

  test.each([
    ["no engines", { engines: [] }],
    ["no users", { users: {} }],
    ["an engine's name of a wrong shape", { engines: ["local"] }],
    [
      "an engine's name twice",
      { engines: ["workspaces/w/sandboxEngines/a", "workspaces/w/sandboxEngines/a"] },
    ],
  ])("refuses %s", async (_title, options) => {
    await expect(startStubServer(options)).rejects.toThrow(TypeError);
  });

  test("tells that its port is taken", async () => {
    const stub = await start();
    await expect(startStubServer({ port: stub.port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});

describe("close", () => {
  const openFiles = () => readdirSync("/proc/self/fd").length;

  test("leaves no process, no socket and no file, whatever is under way", async () => {
    // What the first server opens once for all, such as the entropy source, is no leak.
    await (await startStubServer()).close();
    const before = openFiles();
    const stub = await startStubServer();
    const root = stub.engines.get(stub.parent)?.rootDirectory ?? "";
    expect(existsSync(root)).toBe(true);
    const { client, options } = connect(stub);
    const pids = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { process } = await client.createProcess(
          { parent: stub.parent, process: script("echo $$; sleep 60 & wait"), autoRun: true },
          options,
        );
        const output = client.streamOutput({ name: process?.name ?? "" }, options);
        const { value } = await output[Symbol.asyncIterator]().next();
        return Number(Buffer.from(value?.data ?? []).toString());
      }),
    );
    await stub.close();
    for (const pid of pids) {
      expect(pid).toBeGreaterThan(1);
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    }
    expect(existsSync(root)).toBe(false);
    await expect.poll(() => openFiles()).toBeLessThanOrEqual(before);
    await expect(fetch(`${stub.url}/version`)).rejects.toThrow();
  });

  test("may be asked for twice, and is what `await using` does", async () => {
    const stub = await startStubServer();
    await Promise.all([stub.close(), stub[Symbol.asyncDispose]()]);
    await stub.close();
    await expect(stub.listen()).rejects.toThrow("is closed");
  });
});
