import { expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { startProxy } from "../../transport/proxy/support/connect-proxy.js";
import { pemFiles, selfSigned } from "../../transport/support/certificates.js";
import { failure } from "../../transport/support/failure.js";
import { setVariables, useEmptyEnvironment } from "../support/environment.js";
import { startIdentityProvider } from "../support/identity-provider.js";
import { expectNoSecrets } from "../support/secrets.js";

useEmptyEnvironment();
const file = pemFiles();
const { signal } = new AbortController();

const address = { tokenEndpoint: "https://idp.example.com/token", clientId: "c" };

test("asks an identity provider over the proxy that the environment names", async () => {
  const tls = await selfSigned({ name: "idp.example.com" });
  const provider = await startIdentityProvider(undefined, tls);
  const { port, seen } = await startProxy(Number(new URL(provider.url).port));
  setVariables({ HTTPS_PROXY: `http://127.0.0.1:${port}` });
  const sslCaCert = file("idp.pem", tls.cert);
  const token = refreshTokenProvider({ ...address, refreshToken: "refresh", sslCaCert });
  await expect(token({ signal })).resolves.toBe("access-1");
  expect(seen.map(({ target }) => target)).toEqual(["idp.example.com:443"]);
});

test("tells a proxy that refuses, without its password", async () => {
  const { port } = await startProxy(0, { status: 407 });
  setVariables({ HTTPS_PROXY: `http://user:MARKER@127.0.0.1:${port}` });
  const token = refreshTokenProvider({ ...address, refreshToken: "MARKER-refresh" });
  const error: unknown = await token({ signal }).catch((reason: unknown) => reason);
  expect(error).toMatchObject(failure("Unavailable", /proxy .*named by HTTPS_PROXY.*HTTP 407/));
  expectNoSecrets(error, "MARKER");
});
