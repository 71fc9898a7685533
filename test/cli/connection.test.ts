import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startStubServer } from "../../src/stub/index.js";
import { ENGINE_MANAGER, PLATFORM, startEnvironment } from "../auth/support/discovery-service.js";
import { cli, stubEnvironment } from "./support/cli.js";

/** An AIEM that an H2O environment lists, and whose identity provider gives the token `access`. */
async function startDiscoverable() {
  const stub = await startStubServer({ users: { access: "me" } });
  onTestFinished(() => stub.close());
  const services = [[{ ...ENGINE_MANAGER, uri: stub.url }]];
  const { url } = await startEnvironment({ services, clients: [[PLATFORM]] });
  return { stub, url };
}

it("finds AIEM in the H2O environment that is named, with its refresh token", async () => {
  const { stub, url } = await startDiscoverable();
  const env = {
    AIEM_PARENT: stub.parent,
    H2O_CLOUD_ENVIRONMENT: url,
    H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "refresh",
  };
  expect(await cli(["run", "-q", "echo", "found"], { env })).toMatchObject({
    code: 0,
    stdout: "found\n",
    stderr: "",
  });
  const { stdout } = await cli(["doctor"], { env });
  expect(stdout).toContain(`${stub.url}, from H2O_CLOUD_ENVIRONMENT;`);
});

it("finds AIEM where the H2O CLI is logged in", async () => {
  const { stub, url } = await startDiscoverable();
  const home = mkdtempSync(join(tmpdir(), "aiem-home-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, ".h2oai"));
  const config = { Endpoint: url, PlatformClientID: PLATFORM.oauth2ClientId, PlatformToken: "r" };
  const toml = Object.entries(config).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  writeFileSync(join(home, ".h2oai", "h2o-cli-config.toml"), toml.join(""));
  const env = { HOME: home, AIEM_PARENT: stub.parent };
  expect(await cli(["list", "-q"], { env })).toMatchObject({ code: 0, stderr: "" });
});

it("AIEM_URL wins over the H2O environment, and --url and --parent over all", async () => {
  const first = await startStubServer();
  const second = await startStubServer({
    engines: ["workspaces/w/sandboxEngines/other"],
    users: { [first.token]: "me" },
  });
  onTestFinished(async () => {
    await first.close();
    await second.close();
  });
  const env = { ...stubEnvironment(first), H2O_CLOUD_ENVIRONMENT: "http://127.0.0.1:9" };
  expect(await cli(["list"], { env })).toMatchObject({ code: 0 });
  const args = ["run", "--url", second.url, "--parent", second.parent, "--id", "there", "true"];
  expect(await cli(args, { env })).toMatchObject({
    code: 0,
    stderr: `${second.parent}/processes/there\n`,
  });
});

it.each(["grpc", "rest", "connect"])("speaks %s where it is told to", async (protocol) => {
  const stub = await startStubServer();
  onTestFinished(() => stub.close());
  const args = ["run", "-q", "--protocol", protocol, "sh", "-c", "echo out; echo err >&2; exit 3"];
  expect(await cli(args, { env: stubEnvironment(stub) })).toMatchObject({
    code: 3,
    stdout: "out\n",
    stderr: "err\n",
  });
});
