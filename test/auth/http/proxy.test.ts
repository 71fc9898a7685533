import { createServer } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { pemFiles, selfSigned } from "../../transport/support/certificates.js";
import { closing } from "../../transport/support/cleanup.js";
import { failure } from "../../transport/support/failure.js";
import { listen } from "../../transport/support/listen.js";
import { setVariables, useEmptyEnvironment } from "../support/environment.js";
import { startIdentityProvider } from "../support/identity-provider.js";
import { expectNoSecrets } from "../support/secrets.js";

useEmptyEnvironment();
const file = pemFiles();
const { signal } = new AbortController();

/** A proxy that takes every name for the service on that port of loopback, or refuses all. */
async function startProxy(target: number | undefined) {
  const asked: (string | undefined)[] = [];
  const server = createServer().on("connect", (request, socket) => {
    asked.push(request.url);
    socket.on("error", () => undefined);
    if (target === undefined) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const tunnel = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      tunnel.pipe(socket).pipe(tunnel);
    });
    tunnel.on("error", () => socket.destroy());
  });
  const { port } = closing(await listen(server));
  return { port, asked };
}

const address = { tokenEndpoint: "https://idp.example.com/token", clientId: "c" };

test("asks an identity provider over the proxy that the environment names", async () => {
  const tls = await selfSigned({ name: "idp.example.com" });
  const provider = await startIdentityProvider(undefined, tls);
  const { port, asked } = await startProxy(Number(new URL(provider.url).port));
  setVariables({ HTTPS_PROXY: `http://127.0.0.1:${port}` });
  const sslCaCert = file("idp.pem", tls.cert);
  const token = refreshTokenProvider({ ...address, refreshToken: "refresh", sslCaCert });
  await expect(token({ signal })).resolves.toBe("access-1");
  expect(asked).toEqual(["idp.example.com:443"]);
});

test("tells a proxy that refuses, without its password", async () => {
  const { port } = await startProxy(undefined);
  setVariables({ HTTPS_PROXY: `http://user:MARKER@127.0.0.1:${port}` });
  const token = refreshTokenProvider({ ...address, refreshToken: "MARKER-refresh" });
  const error: unknown = await token({ signal }).catch((reason: unknown) => reason);
  expect(error).toMatchObject(failure("Unavailable", /proxy .*named by HTTPS_PROXY.*HTTP 407/));
  expectNoSecrets(error, "MARKER");
});
