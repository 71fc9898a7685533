import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { ROOT, readText } from "../docs/documents.js";
import { listen } from "../transport/support/listen.js";

let bin: string;
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), "aiem-container-"));
  const program = join(bin, "aiem-process");
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${inject("cli")} "$@"\n`);
  chmodSync(program, 0o755);
});
afterAll(() => rmSync(bin, { recursive: true, force: true }));

function enter(env: Record<string, string>, ...args: string[]) {
  const child = spawn(join(ROOT, "examples/container/entrypoint.sh"), args, {
    env: { PATH: `${bin}:${process.env["PATH"]}`, HOME: bin, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe("the container's entry point", () => {
  it("serves on every interface for the token that is set, with further options, until TERM", async () => {
    const child = enter({ AIEM_STUB_TOKEN: "mine", AIEM_STUB_PORT: "0" }, "--json");
    const stderr = text(child.stderr);
    const [line] = await once(child.stdout, "data");
    const { url, token, parent, pid } = JSON.parse(String(line));
    expect({ token, pid }).toEqual({ token: "mine", pid: child.pid });
    const client = new ProcessClient({ aiemUrl: url, tokenProvider: "mine" });
    onTestFinished(() => client.close());
    await expect(client.listProcesses(parent)).resolves.toMatchObject({ processes: [] });
    const closed = once(child, "close");
    child.kill("SIGTERM");
    expect(await closed).toEqual([0, null]);
    expect(await stderr).toMatch(/^warning: 0\.0\.0\.0 /);
  });

  it("serves nobody without a token", async () => {
    const child = enter({});
    const stderr = text(child.stderr);
    expect(await once(child, "close")).toEqual([2, null]);
    expect(await stderr).toMatch(/^set AIEM_STUB_TOKEN/);
  });
});

describe("the container's health check", () => {
  const [, json = "[]"] =
    /^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$/m.exec(readText("examples/container/Dockerfile")) ?? [];
  const [command = "", ...args]: string[] = JSON.parse(json);

  async function check(port: number): Promise<number | null> {
    const env = { PATH: process.env["PATH"] ?? "", AIEM_STUB_PORT: String(port) };
    const [code] = await once(spawn(command, args, { env, stdio: "ignore" }), "close");
    return code;
  }

  it("succeeds by GET /healthz where that is 200, and fails otherwise", async () => {
    let status = 200;
    const asked: string[] = [];
    const server = await listen(
      createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(status).end();
      }),
    );
    onTestFinished(() => server.close().catch(() => {}));
    expect(await check(server.port)).toBe(0);
    status = 503;
    expect(await check(server.port)).toBe(1);
    expect(asked).toEqual(["GET /healthz", "GET /healthz"]);
    await server.close();
    expect(await check(server.port)).toBe(1);
  });
});
