import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { makeTestCertificates } from "../support/certificates.js";
import { listen } from "../transport/support/listen.js";
import { cli, stubEnvironment } from "./support/cli.js";

let stub: StubServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "aiem-doctor-"));
  stub = await startStubServer();
});

afterAll(async () => {
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What each check found, as `result: detail`. */
async function doctor(env: Record<string, string>, ...args: string[]) {
  const { code, stdout, stderr } = await cli(["doctor", "--json", ...args], { env });
  expect(stderr).toBe("");
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const found = new Map<string, string>(
    lines.map(({ check, result, detail }) => [check, `${result}: ${detail}`]),
  );
  return { code, found };
}

/** A JSON Web Token that expires in so many seconds. */
function tokenFor(seconds: number): string {
  const claims = { exp: Math.floor(Date.now() / 1_000) + seconds };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.signature`;
}

describe("doctor", () => {
  it("finds nothing wrong with a server that is there", async () => {
    const { code, found } = await doctor(stubEnvironment(stub));
    expect(code).toBe(0);
    expect([...found.keys()]).toEqual([
      "configuration",
      "proxy",
      "DNS",
      "TCP",
      "TLS",
      "token",
      "clock",
      "gRPC",
      "REST",
      "protocol",
      "list",
    ]);
    expect(found.get("configuration")).toBe(
      `ok: ${stub.url}, from AIEM_URL; engine: ${stub.parent}`,
    );
    expect(found.get("TCP")).toMatch(/^ok: connected to 127\.0\.0\.1 port \d+ in \d+ ms$/);
    expect(found.get("clock")).toMatch(/^ok: within .*HTTP 200/);
    expect(found.get("gRPC")).toBe("ok: spoken");
    expect(found.get("REST")).toBe("ok: spoken");
    expect(found.get("protocol")).toMatch(/^ok: auto speaks gRPC, since /);
    expect(found.get("list")).toBe("ok: no processes");
  });

  it("shows a line for each check, and never the token", async () => {
    const { code, stdout } = await cli(["doctor"], { env: stubEnvironment(stub) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {7}configuration {2}http/);
    expect(stdout).toMatch(/^skipped {2}TLS {12}the address is http$/m);
    expect(stdout).not.toContain(stub.token);
  });

  it("--quiet tells by the exit code alone", async () => {
    const env = stubEnvironment(stub);
    const silent = { stdout: "", stderr: "" };
    expect(await cli(["doctor", "-q"], { env })).toMatchObject({ code: 0, ...silent });
    const nobody = { ...env, AIEM_URL: "http://127.0.0.1:9" };
    expect(await cli(["doctor", "--quiet"], { env: nobody })).toMatchObject({ code: 1, ...silent });
  });

  it("tells of TLS whose certificate it is, and until when", async () => {
    const { authority, server } = await makeTestCertificates();
    const ca = join(folder, "ca.pem");
    writeFileSync(ca, authority.cert);
    const secure = await startStubServer({ tls: server });
    onTestFinished(() => secure.close());
    const env = stubEnvironment(secure);
    const trusted = await doctor(env, "--ca-cert", ca);
    expect(trusted.code).toBe(0);
    expect(trusted.found.get("TLS")).toMatch(
      /^ok: TLSv1\.3, certificate of localhost by test authority, valid until \d{4}-\d\d-\d\d, HTTP\/2$/,
    );
    const untrusted = await doctor(env);
    expect(untrusted.code).toBe(1);
    expect(untrusted.found.get("TLS")).toMatch(
      /^failed: cannot connect to .*not signed by a trusted authority/,
    );
    const unverified = await doctor(env, "--insecure-skip-tls-verify");
    expect(unverified.code).toBe(0);
    expect(unverified.found.get("TLS")).toMatch(/^warning: .*it is not trusted, and not verified$/);
  });

  it("tells that nobody listens, and what to do", async () => {
    const { code, found } = await doctor(stubEnvironment(stub), "--url", "http://127.0.0.1:9");
    expect(code).toBe(1);
    expect(found.get("TCP")).toMatch(/^failed: .*connection refused; check the address/);
    expect(found.get("TLS")).toBe("skipped: what comes before it failed");
    expect(found.has("list")).toBe(false);
  });

  it("tells what to do where something else answers, and not to ask itself", async () => {
    const other = createServer((request, response) => {
      request.resume();
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>not here</h1>");
    });
    const { port, close } = await listen(other);
    onTestFinished(close);
    const { code, found } = await doctor(
      stubEnvironment(stub),
      "--url",
      `http://127.0.0.1:${port}`,
    );
    expect(code).toBe(1);
    expect(found.get("REST")).toMatch(/^warning: not spoken: .*HTTP 404/);
    expect([...found.values()].join("\n")).not.toContain("aiem-process doctor");
  });

  it("stops where the engine's name is none, which says nothing of the server", async () => {
    const { code, found } = await doctor({ ...stubEnvironment(stub), AIEM_PARENT: "engine" });
    expect(code).toBe(1);
    expect([...found]).toEqual([
      ["configuration", expect.stringMatching(/^failed: --parent must be .*, but is "engine"$/)],
    ]);
  });

  it("tells that a name does not exist", async () => {
    const { found } = await doctor(stubEnvironment(stub), "--url", "https://aiem.invalid");
    expect(found.get("DNS")).toMatch(/^failed: no address found for aiem\.invalid \(E\w+\)/);
  });

  it("names the proxy, without its password, and what is wrong with it", async () => {
    const env = {
      ...stubEnvironment(stub),
      AIEM_URL: "http://aiem.invalid",
      http_proxy: "http://user:hidden@127.0.0.1:9",
    };
    const { code, found } = await doctor(env);
    expect(code).toBe(1);
    expect(found.get("proxy")).toBe("ok: http://127.0.0.1:9, named by http_proxy");
    expect(found.get("DNS")).toBe("ok: the proxy 127.0.0.1 needs none");
    expect(found.get("TCP")).toMatch(/^failed: .*the proxy http:\/\/127\.0\.0\.1:9.*ECONNREFUSED/);
    expect([...found.values()].join()).not.toContain("hidden");
  });

  it("tells when the token expires, or did", async () => {
    const server = await startStubServer({
      users: { [tokenFor(3_600)]: "one", [tokenFor(-600)]: "two" },
    });
    onTestFinished(() => server.close());
    const env = stubEnvironment(server);
    expect((await doctor(env)).found.get("token")).toMatch(/^ok: expires in (59m \d+s|1h 0m)$/);
    const expired = await doctor({ ...env, AIEM_TOKEN: tokenFor(-600) });
    expect(expired.code).toBe(1);
    expect(expired.found.get("token")).toMatch(/^failed: expired 10m \d+s ago; set AIEM_TOKEN/);
    const none = await doctor({ ...env, AIEM_TOKEN: "" });
    expect(none.found.get("token")).toMatch(/^warning: none: set AIEM_TOKEN/);
    expect(none.found.get("gRPC")).toBe("ok: spoken (the server answered Unauthenticated)");
    expect(none.found.get("list")).toMatch(/^failed: /);
  });

  it("tells what is spoken where there is REST alone, and how that was found out", async () => {
    const gateway = createServer((request, response) => {
      request.resume();
      const isList = request.method === "GET" && request.url?.startsWith("/v1/");
      response.writeHead(isList ? 200 : 404, {
        "content-type": "application/json",
        date: new Date(Date.now() - 300_000).toUTCString(),
      });
      response.end(isList ? '{"processes": []}' : '{"code": 5, "message": "Not Found"}');
    });
    const { port, close } = await listen(gateway);
    onTestFinished(close);
    const env = { ...stubEnvironment(stub), AIEM_URL: `http://127.0.0.1:${port}` };
    const { code, found } = await doctor(env);
    expect(code).toBe(0);
    expect(found.get("gRPC")).toMatch(/^warning: not spoken: /);
    expect(found.get("REST")).toBe("ok: spoken");
    expect(found.get("protocol")).toMatch(/^ok: auto speaks REST, since /);
    expect(found.get("clock")).toMatch(
      /^warning: within (4m 59s|5m 0s) of .*set this machine's clock/,
    );
  });

  it.each([
    [{}, [], /^failed: no AIEM configured/],
    [{ AIEM_URL: "ftp://x" }, [], /^failed: the environment variable AIEM_URL must /],
    [{}, ["--url", "x"], /^failed: --url must /],
  ])("tells what is wrong with the configuration: %j %j", async (env, args, detail) => {
    const { code, found } = await doctor(env, ...args);
    expect(code).toBe(1);
    expect([...found]).toEqual([["configuration", expect.stringMatching(detail)]]);
  });

  it("looks without an engine, too, as far as that goes", async () => {
    const env = { ...stubEnvironment(stub), AIEM_PARENT: "" };
    const { code, found } = await doctor(env);
    expect(code).toBe(0);
    expect(found.get("gRPC")).toBe("ok: spoken (the server answered NotFound)");
    expect(found.get("list")).toMatch(/^skipped: no engine is named/);
  });
});
