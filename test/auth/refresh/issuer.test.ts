import { describe, expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { failure } from "../../transport/support/failure.js";
import { setVariables, useEmptyEnvironment } from "../support/environment.js";
import { startHttpService } from "../support/http-service.js";
import { granted, startIdentityProvider } from "../support/identity-provider.js";

useEmptyEnvironment();

const { signal } = new AbortController();
const client = { clientId: "c", refreshToken: "MARKER" };

describe("an issuer", () => {
  test("is asked for its token endpoint once", async () => {
    const { url, requests } = await startIdentityProvider((_, index) =>
      granted(`access-${index}`, { expires_in: 1 }),
    );
    const token = refreshTokenProvider({ issuerUrl: url, ...client });
    expect(requests).toEqual([]);
    await token({ signal });
    await token({ signal });
    expect(requests.map(({ path }) => path)).toEqual([
      "/.well-known/openid-configuration",
      "/token",
      "/token",
    ]);
  });

  test("may have a path, and a slash at the end on either side", async () => {
    for (const [asked, told] of [
      ["/realms/r", "/realms/r"],
      ["/realms/r/", "/realms/r"],
      ["/realms/r", "/realms/r/"],
    ]) {
      const service = await startHttpService(({ path }) =>
        path === "/realms/r/.well-known/openid-configuration"
          ? { body: { issuer: service.url + told, token_endpoint: `${service.url}/t` } }
          : granted("access"),
      );
      const token = refreshTokenProvider({ issuerUrl: service.url + asked, ...client });
      await expect(token({ signal })).resolves.toBe("access");
    }
  });

  test("is asked again after a failure that may pass", async () => {
    const service = await startHttpService(({ path }, index) =>
      index === 0
        ? { status: 502 }
        : path === "/token"
          ? granted("access")
          : { body: { issuer: service.url, token_endpoint: `${service.url}/token` } },
    );
    const token = refreshTokenProvider({ issuerUrl: service.url, ...client });
    await expect(token({ signal })).resolves.toBe("access");
  });

  const other = { issuer: "https://other.example.com", token_endpoint: "https://other/token" };
  test.each<[string, (url: string) => unknown, RegExp]>([
    ["of another issuer", () => other, /names another address as its issuer; give issuerUrl as/],
    ["without a token endpoint", (issuer) => ({ issuer }), /names no token_endpoint; give token/],
    [
      "with a token endpoint that is not encrypted",
      (issuer) => ({ issuer, token_endpoint: "http://idp.example.com/token" }),
      /^the token_endpoint of the issuer's metadata http:.* must be https/,
    ],
    [
      "with a token endpoint that is no address",
      (issuer) => ({ issuer, token_endpoint: "token" }),
      /must be an absolute http or https URL$/,
    ],
  ])("with metadata %s gets no refresh token", async (_title, metadata, message) => {
    const service = await startHttpService(() => ({ body: metadata(service.url) }));
    const token = refreshTokenProvider({ issuerUrl: service.url, ...client });
    await expect(token({ signal })).rejects.toMatchObject(failure("FailedPrecondition", message));
    expect(service.requests).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ["no issuer", { token_endpoint: "https://idp.example.com/token" }],
    ["an issuer that is no address", { issuer: "idp" }],
    ["broken JSON", '{"issuer":'],
    ["a page", "<html>"],
  ])("with %s is told to be of no use", async (_title, body) => {
    const service = await startHttpService(() => ({ body }));
    const token = refreshTokenProvider({ issuerUrl: service.url, ...client });
    await expect(token({ signal })).rejects.toMatchObject(
      failure("Internal", /^the issuer's metadata http:.* gave an answer that cannot be used: /),
    );
  });

  test("that has no metadata is told with the status and what to check", async () => {
    const service = await startHttpService(() => ({ status: 404 }));
    const token = refreshTokenProvider({ issuerUrl: service.url, ...client });
    await expect(token({ signal })).rejects.toMatchObject(
      failure("FailedPrecondition", /\/openid-configuration answered HTTP 404.*check the address$/),
    );
  });
});

describe("the token endpoint", () => {
  test("of the options wins over the environment's, and that over the issuer", async () => {
    const [given, variable, issuer] = await Promise.all([
      startIdentityProvider(() => granted("given")),
      startIdentityProvider(() => granted("variable")),
      startIdentityProvider(() => granted("issuer")),
    ]);
    const issuerUrl = issuer.url;
    const ask = (options: { issuerUrl?: string; tokenEndpoint?: string }) =>
      refreshTokenProvider({ ...options, ...client })({ signal });
    await expect(ask({ issuerUrl })).resolves.toBe("issuer");
    setVariables({ H2O_CLOUD_TOKEN_ENDPOINT_URL: variable.tokenEndpoint });
    await expect(ask({ issuerUrl })).resolves.toBe("variable");
    await expect(ask({})).resolves.toBe("variable");
    await expect(ask({ tokenEndpoint: given.tokenEndpoint })).resolves.toBe("given");
  });

  test.each([
    [{}, "tokenEndpoint", /^tokenEndpoint must be given, or issuerUrl, or the environment var/],
    [
      { tokenEndpoint: "https://a.example.com/", issuerUrl: "https://b.example.com/" },
      "tokenEndpoint",
      /must not be given together with issuerUrl$/,
    ],
    [{ tokenEndpoint: "MARKER" }, "tokenEndpoint", /must be an absolute http or https URL$/],
    [{ tokenEndpoint: "ftp://MARKER" }, "tokenEndpoint", /must be an absolute http or https URL$/],
    [{ tokenEndpoint: "http://MARKER/" }, "tokenEndpoint", /must be https/],
    [{ tokenEndpoint: "https://MARKER@idp/" }, "tokenEndpoint", /must not hold a user name/],
    [{ tokenEndpoint: "https://idp/#MARKER" }, "tokenEndpoint", /must not hold a fragment$/],
    [{ issuerUrl: "https://idp/?MARKER" }, "issuerUrl", /must not hold a query or a fragment$/],
    [{ issuerUrl: "http://MARKER/" }, "issuerUrl", /must be https/],
  ])("is refused before anything is sent: %j", (options, field, message) => {
    const make = () => refreshTokenProvider({ ...options, ...client });
    expect(make).toThrow(expect.objectContaining({ name: "InvalidInputError", field }));
    expect(make).toThrow(message);
    expect(make).not.toThrow(/MARKER/);
  });

  test("of the environment is refused with the variable's name, without its value", () => {
    setVariables({ H2O_CLOUD_TOKEN_ENDPOINT_URL: "http://MARKER.example.com/" });
    const make = () => refreshTokenProvider({ issuerUrl: "https://idp.example.com", ...client });
    expect(make).toThrow(/the environment variable H2O_CLOUD_TOKEN_ENDPOINT_URL must be https/);
    expect(make).not.toThrow(/MARKER/);
  });
});

test.each([
  [{ httpTimeoutMs: 0 }, "httpTimeoutMs"],
  [{ httpTimeoutMs: Number.NaN }, "httpTimeoutMs"],
  [{ httpTimeoutMs: Number.POSITIVE_INFINITY }, "httpTimeoutMs"],
  [{ sslCaCert: "" }, "sslCaCert"],
  [{ verifySsl: JSON.parse('"false"') }, "verifySsl"],
])("an option of the requests that cannot be is refused: %j", (options, field) => {
  const make = () =>
    refreshTokenProvider({ issuerUrl: "https://idp.example.com", ...client, ...options });
  expect(make).toThrow(expect.objectContaining({ name: "InvalidInputError", field }));
});
