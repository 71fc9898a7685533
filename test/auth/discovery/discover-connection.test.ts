import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DiscoverConnectionOptions } from "../../../src/auth/discovery/discover-connection.js";
import { discoverConnection } from "../../../src/auth/discovery/discover-connection.js";
import { makeTestCertificates } from "../../support/certificates.js";
import { pemFiles } from "../../transport/support/certificates.js";
import { failure } from "../../transport/support/failure.js";
import { ENGINE_MANAGER, PLATFORM, startEnvironment } from "../support/discovery-service.js";
import { setVariables, useEmptyEnvironment } from "../support/environment.js";
import { expectNoSecrets } from "../support/secrets.js";

useEmptyEnvironment();
const file = pemFiles();

/** Discovers a connection, and asks its provider for a token. */
async function tokenOf(options: DiscoverConnectionOptions) {
  const { tokenProvider } = await discoverConnection(options);
  if (typeof tokenProvider !== "function") {
    throw new TypeError("no provider");
  }
  return await tokenProvider({ signal: new AbortController().signal });
}

test("finds the engine manager and the platform's client of an environment", async () => {
  const { url, requests } = await startEnvironment();
  setVariables({ H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "refresh" });
  const connection = await discoverConnection({ environment: url });
  expect(connection).toEqual({
    aiemUrl: "https://aiem.example.com",
    tokenProvider: expect.any(Function),
  });
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /.ai.h2o.cloud.discovery/v1/environment",
    "GET /.ai.h2o.cloud.discovery/v1/services",
    "GET /.ai.h2o.cloud.discovery/v1/clients",
  ]);
});

test("makes a provider of tokens for that client at the environment's issuer", async () => {
  const { url, requests } = await startEnvironment();
  setVariables({ H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "refresh" });
  const options = { environment: url, clientSecret: "secret", scope: "a b" };
  await expect(tokenOf(options)).resolves.toBe("access");
  expect(requests.at(-1)?.form).toEqual({
    grant_type: "refresh_token",
    client_id: "platform-client",
    refresh_token: "refresh",
    client_secret: "secret",
    scope: "a b",
  });
});

test("looks through the pages until it has what it needs", async () => {
  const other = { name: "services/other", uri: "https://other.example.com" };
  const { url, requests } = await startEnvironment({
    services: [[other], [], [ENGINE_MANAGER], [other]],
    clients: [[{ name: "clients/other" }], [PLATFORM]],
  });
  setVariables({ H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "refresh" });
  await expect(discoverConnection({ environment: url })).resolves.toMatchObject({
    aiemUrl: ENGINE_MANAGER.uri,
  });
  expect(requests.map(({ query }) => query.get("pageToken"))).toEqual([
    null,
    null,
    "1",
    "2",
    null,
    "1",
  ]);
});

test.each([
  ["service engine-manager", { services: [[{ name: "services/steam" }], []] }],
  ["client platform", { clients: [[]] }],
])("tells an environment that has no %s, and what to do", async (what, fake) => {
  const { url } = await startEnvironment(fake);
  setVariables({ H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "refresh", H2O_CLOUD_ENVIRONMENT: url });
  await expect(discoverConnection()).rejects.toMatchObject(
    failure(
      "FailedPrecondition",
      new RegExp(
        `^the discovery service ${url}/.*\\(from the environment variable H2O_CLOUD_ENVIRONMENT\\) lists no ${what}.*; check the environment, or give aiemUrl and tokenProvider yourself$`,
      ),
    ),
  );
});

test("passes TLS options on to the discovery service and the identity provider", async () => {
  const { authority, server } = await makeTestCertificates();
  const { url } = await startEnvironment({ tls: server });
  setVariables({ H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "refresh" });
  const sslCaCert = file("ca.pem", authority.cert);
  await expect(tokenOf({ environment: url, sslCaCert })).resolves.toBe("access");
  await expect(tokenOf({ environment: url, verifySsl: false })).resolves.toBe("access");
  await expect(tokenOf({ environment: url })).rejects.toMatchObject(
    failure(
      "FailedPrecondition",
      /^cannot reach the discovery service .*certificate is not signed by a trusted authority/,
    ),
  );
});

test("never shows a token in an error of a configuration that is found on the way", async () => {
  const home = process.env["HOME"] ?? "";
  const toml = 'Endpoint = "https://MARKER.example.com"\nPlatformClientID = "platform-client"\n';
  mkdirSync(join(home, ".h2oai"));
  writeFileSync(
    join(home, ".h2oai", "h2o-cli-config.toml"),
    `${toml}PlatformToken = "MARKER-token"\n`,
  );
  const { url } = await startEnvironment();
  const error: unknown = await discoverConnection({ environment: url }).catch((reason) => reason);
  expect(error).toMatchObject(failure("FailedPrecondition", /is that of another environment/));
  expectNoSecrets(error, "MARKER");
});
