import { request as httpRequest } from "node:http";
import { connect } from "node:http2";
import { json } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import {
  Code,
  ConnectError,
  discoverConnection,
  ProcessClient,
  refreshTokenProvider,
  TokenEndpointError,
} from "../../../src/index.js";
import {
  type StubPlatformOptions,
  type StubServer,
  type StubServerOptions,
  startStubServer,
} from "../../../src/stub/index.js";
import { setVariables, useEmptyEnvironment } from "../../auth/support/environment.js";
import { makeTestCertificates } from "../../support/certificates.js";
import { pemFiles } from "../../transport/support/certificates.js";
import { closing } from "../../transport/support/cleanup.js";

useEmptyEnvironment();
const file = pemFiles();

async function start(options: StubServerOptions = {}): Promise<StubServer> {
  const stub = closing(await startStubServer(options));
  setVariables({
    H2O_CLOUD_ENVIRONMENT: stub.url,
    H2O_CLOUD_CLIENT_PLATFORM_TOKEN: stub.platform.refreshToken,
  });
  return stub;
}

async function discovered(): Promise<ProcessClient> {
  const client = new ProcessClient(await discoverConnection());
  closing({ close: async () => client.close() });
  return client;
}

function grant(stub: StubServer, form: Record<string, string>): Promise<Response> {
  const body = new URLSearchParams(form);
  return fetch(`${stub.platform.issuerUrl}/token`, { method: "POST", body });
}

function refresh(stub: StubServer, refreshToken = stub.platform.refreshToken): Promise<Response> {
  const { clientId } = stub.platform;
  const form = { grant_type: "refresh_token", client_id: clientId, refresh_token: refreshToken };
  return grant(stub, form);
}

describe("the platform of a stub server", () => {
  it("is an H2O environment in which discoverConnection() finds the server, and a token", async () => {
    const stub = await start();
    const client = await discovered();
    const { stdout } = await client.runProcess(stub.parent, { command: "echo", args: ["hello"] });
    expect(stdout.text()).toBe("hello\n");
    expect(stub.platform.grants).toBe(1);
  });

  it("serves all of that over TLS, too", async () => {
    const { authority, server } = await makeTestCertificates();
    const stub = await start({ tls: server });
    const sslCaCert = file("ca.pem", authority.cert);
    const client = new ProcessClient(await discoverConnection({ sslCaCert }), { sslCaCert });
    closing({ close: async () => client.close() });
    await expect(client.listProcesses(stub.parent)).resolves.toMatchObject({ processes: [] });
  });

  it("gives another token when one has expired, and the call goes on", async () => {
    const stub = await start();
    const client = await discovered();
    await client.listProcesses(stub.parent);
    stub.platform.expireAccessTokens();
    await client.listProcesses(stub.parent);
    expect(stub.platform.grants).toBe(2);
  });

  it("ends an access token when its time is over", async () => {
    const stub = await start({ platform: { accessTokenSeconds: 1 } });
    const answer: unknown = await (await refresh(stub)).json();
    expect(answer).toMatchObject({ token_type: "Bearer", expires_in: 1 });
    const tokenProvider = String(Reflect.get(Object(answer), "access_token"));
    const client = new ProcessClient({ aiemUrl: stub.url, tokenProvider });
    closing({ close: async () => client.close() });
    const list = () => client.listProcesses(stub.parent).then(() => "listed", ConnectError.from);
    await expect(list()).resolves.toBe("listed");
    await expect.poll(list).toMatchObject({ code: Code.Unauthenticated });
  });

  it("changes refresh tokens at each grant where it is told to, and takes each once", async () => {
    const stub = await start({ platform: { rotateRefreshTokens: true } });
    const first = stub.platform.refreshToken;
    const client = await discovered();
    for (let call = 0; call < 3; call += 1) {
      await client.listProcesses(stub.parent);
      stub.platform.expireAccessTokens();
    }
    expect(stub.platform.grants).toBe(3);
    expect(stub.platform.refreshToken).not.toBe(first);
    const answer = await refresh(stub, first);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: "invalid_grant" });
    expect((await refresh(stub)).status).toBe(200);
  });

  it("keeps a refresh token otherwise, and gives no other", async () => {
    const stub = await start();
    const answers = [await refresh(stub), await refresh(stub)];
    const bodies: unknown[] = await Promise.all(answers.map((answer) => answer.json()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(bodies).not.toContainEqual(
      expect.objectContaining({ refresh_token: expect.anything() }),
    );
  });

  it("refuses refresh tokens after a logout, as the client's error tells", async () => {
    const stub = await start();
    const client = await discovered();
    stub.platform.revokeRefreshTokens();
    const error: unknown = await client.listProcesses(stub.parent).catch((reason) => reason);
    expect(error).toMatchObject({ code: Code.Unauthenticated });
    const { cause } = ConnectError.from(error);
    expect(cause).toBeInstanceOf(TokenEndpointError);
    expect(cause).toMatchObject({ error: "invalid_grant", status: 400 });
  });

  it("logs in who has one of several refresh tokens, as its subject", async () => {
    const users = { "token-a": "users/a", "token-b": "users/b" };
    const refreshTokens = { "refresh-b": "users/b", "refresh-a": "users/a" };
    const stub = await start({ users, platform: { refreshTokens, clientId: "mine" } });
    expect(stub.platform).toMatchObject({ refreshToken: "refresh-b", clientId: "mine" });
    const as = (refreshToken: string) => {
      const { issuerUrl, clientId } = stub.platform;
      const tokenProvider = refreshTokenProvider({ issuerUrl, clientId, refreshToken });
      const client = new ProcessClient({ aiemUrl: stub.url, tokenProvider });
      closing({ close: async () => client.close() });
      return client.listProcesses(stub.parent);
    };
    await expect(as("refresh-a")).resolves.toMatchObject({ processes: [] });
    await expect(as("refresh-b")).rejects.toMatchObject({ code: Code.NotFound });
  });

  it.each<[string, Record<string, string>, number, string]>([
    ["without a grant", {}, 400, "invalid_request"],
    ["for another grant", { grant_type: "password" }, 400, "unsupported_grant_type"],
    ["of another client", { grant_type: "refresh_token", client_id: "x" }, 401, "invalid_client"],
    [
      "without a refresh token",
      { grant_type: "refresh_token", client_id: "platform-client" },
      400,
      "invalid_request",
    ],
    ["that is larger than any", { grant_type: "x".repeat(70_000) }, 400, "invalid_request"],
  ])("refuses a form %s", async (_title, form, status, error) => {
    const stub = await start();
    const answer = await grant(stub, form);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error });
    expect(stub.platform.grants).toBe(0);
  });

  it("names the address that it was called by, over HTTP/1.1 and HTTP/2", async () => {
    const stub = await start();
    const path = "/.ai.h2o.cloud.discovery/v1/services";
    const services = (uri: string) => ({ services: [expect.objectContaining({ uri })] });
    const http1 = new Promise((resolve, reject) => {
      httpRequest(`${stub.url}${path}`, { headers: { host: "stub.test:8080" } })
        .on("response", (response) => resolve(json(response)))
        .on("error", reject)
        .end();
    });
    await expect(http1).resolves.toEqual(services("http://stub.test:8080"));
    const session = connect(stub.url);
    const http2 = json(session.request({ ":path": path, ":authority": "stub.test" }));
    await expect(http2).resolves.toEqual(services("http://stub.test"));
    session.close();
  });
});

describe("the option platform", () => {
  it.each<[platform: unknown, message: RegExp]>([
    [null, /^platform: must be an object/],
    [{ clientID: "c" }, /platform\.clientID is not known; did you mean clientId\?/],
    [{ clientId: "" }, /^platform\.clientId: must be/],
    [{ refreshTokens: {} }, /^platform\.refreshTokens: name at least one/],
    [{ refreshTokens: { r: 5 } }, /^platform\.refreshTokens: must be/],
    [
      { refreshTokens: { r: "users/a", 42: "users/b" } },
      /^platform\.refreshTokens: .*whole number/,
    ],
    [{ accessTokenSeconds: 0 }, /^platform\.accessTokenSeconds: must be/],
    [{ rotateRefreshTokens: "yes" }, /^platform\.rotateRefreshTokens: must be/],
  ])("refuses %j", async (platform, message) => {
    const options: { platform: StubPlatformOptions } = JSON.parse(JSON.stringify({ platform }));
    const starting = startStubServer(options);
    await expect(starting).rejects.toThrow(TypeError);
    await expect(starting).rejects.toThrow(message);
  });
});
