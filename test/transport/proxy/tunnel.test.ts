import { createServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer as createTcpServer } from "node:net";
import { inspect } from "node:util";
import { createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { TransportOptions } from "../../../src/transport/connection-config.js";
import type { ProtocolEvent } from "../../../src/transport/protocol-event.js";
import { createTransport } from "../../support/create-transport.js";
import { REST_ANSWER } from "../auto/support/edges.js";
import { pemFiles, selfSigned } from "../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { startProcessServer } from "../support/process-server.js";
import { PROTOCOLS } from "../support/protocols.js";
import { startProxy } from "./support/connect-proxy.js";

const name = PROCESS;
const file = pemFiles();

// Those of this machine's own environment must not matter.
beforeEach(() => {
  for (const variable of ["http_proxy", "https_proxy", "no_proxy"]) {
    vi.stubEnv(variable, undefined);
    vi.stubEnv(variable.toUpperCase(), undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function clientOf(aiemUrl: string, options: TransportOptions = {}, tokenProvider?: string) {
  const events: ProtocolEvent[] = [];
  const { transport, sent } = closing(
    createTransport({ aiemUrl, tokenProvider }, options, (event) => events.push(event)),
  );
  return { client: createClient(ProcessService, transport), sent, events };
}

async function httpsEdge() {
  const tls = await selfSigned({ name: "aiem.test" });
  const seen: IncomingHttpHeaders[] = [];
  const server = createHttpsServer(tls, (request, response) => {
    seen.push(request.headers);
    REST_ANSWER(request, response);
  });
  const { port } = closing(await listen(server));
  return { port, seen, sslCaCert: file("aiem.pem", tls.cert) };
}

test("with a proxy for https the call goes through TLS that the proxy cannot read", async () => {
  const { port, seen, sslCaCert } = await httpsEdge();
  const proxy = await startProxy(port);
  vi.stubEnv("HTTPS_PROXY", `http://user:p%40ss@127.0.0.1:${proxy.port}`);
  const options = { sslCaCert, protocol: "rest" } as const;
  const { client } = clientOf("https://aiem.test", options, "s3cret");
  expect((await client.getProcess({ name })).process?.name).toBe("over REST");
  await client.getProcess({ name });
  expect(proxy.seen).toMatchObject([
    {
      target: "aiem.test:443",
      headers: {
        host: "aiem.test:443",
        "proxy-authorization": `Basic ${Buffer.from("user:p@ss").toString("base64")}`,
      },
    },
  ]);
  expect(inspect(proxy.seen)).not.toContain("s3cret");
  expect(seen).toMatchObject([
    { host: "aiem.test", authorization: "Bearer s3cret" },
    { host: "aiem.test" },
  ]);
  expect(seen[0]).not.toHaveProperty("proxy-authorization");
});

test("an edge without HTTP/2 behind a proxy is spoken to over REST", async () => {
  const { port, sslCaCert } = await httpsEdge();
  const proxy = await startProxy(port);
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${proxy.port}`);
  const { client, events } = clientOf("https://aiem.test", { sslCaCert });
  expect((await client.getProcess({ name })).process?.name).toBe("over REST");
  expect(events).toMatchObject([
    { protocol: "rest", reason: expect.stringMatching(/does not offer HTTP\/2 \(ALPN\)/) },
  ]);
});

describe.each([...PROTOCOLS, { protocol: "auto", httpVersion: "2" } as const])(
  "$protocol over HTTP/$httpVersion",
  (options) => {
    const http1 = options.httpVersion === "1.1";
    const service = { getProcess: () => ({ process: { name: "through" } }) };

    test.each(["http", "https"])("%s goes through the proxy, as a tunnel", async (scheme) => {
      const tls = scheme === "https" ? await selfSigned({ name: "aiem.test" }) : undefined;
      const server = closing(await startProcessServer({ service, http1, ...(tls && { tls }) }));
      const proxy = await startProxy(server.port);
      vi.stubEnv(`${scheme}_proxy`, `http://user:s3cret@127.0.0.1:${proxy.port}`);
      const { client, events } = clientOf(`${scheme}://aiem.test:8080`, {
        ...options,
        ...(tls && { sslCaCert: file("aiem.pem", tls.cert) }),
      });
      for (let i = 0; i < 3; i += 1) {
        expect((await client.getProcess({ name })).process?.name).toBe("through");
      }
      expect(proxy.seen.map(({ target }) => target)).toEqual(["aiem.test:8080"]);
      expect(events.map(({ protocol }) => protocol)).toEqual(
        options.protocol === "auto" ? ["grpc"] : [],
      );
    });
  },
);

test("a name with a dot at its end is asked for, and checked, without it", async () => {
  const tls = await selfSigned({ name: "aiem.test" });
  const names: string[] = [];
  const authorities: unknown[] = [];
  const server = closing(
    await startProcessServer({
      service: { getProcess: () => ({}) },
      tls: {
        ...tls,
        SNICallback: (asked, done) => {
          names.push(asked);
          done(null);
        },
      },
      onRequestHeaders: (headers) => authorities.push(headers[":authority"]),
    }),
  );
  const proxy = await startProxy(server.port);
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${proxy.port}`);
  const sslCaCert = file("aiem.pem", tls.cert);
  const { client } = clientOf("https://aiem.test.:8443", { sslCaCert, protocol: "grpc" });
  await client.getProcess({ name });
  expect(names).toEqual(["aiem.test"]);
  expect(authorities).toEqual(["aiem.test:8443"]);
});

test.each([
  ["grpc", 1],
  ["grpc", 7],
  ["grpc", 1_000],
  ["rest", 1],
  ["rest", 1_000],
] as const)(
  "interim answers before the tunnel's are passed over (%s, %i bytes at a time)",
  async (protocol, size) => {
    const service = { getProcess: () => ({ process: { name } }) };
    const server = closing(await startProcessServer({ service, http1: protocol === "rest" }));
    const answers =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nvia: p\r\n\r\n";
    const proxy = createTcpServer((socket) => {
      socket.once("data", async () => {
        for (let at = 0; at < answers.length; at += size) {
          await new Promise((resolve) => socket.write(answers.slice(at, at + size), resolve));
        }
        const upstream = connect(server.port, "127.0.0.1");
        upstream.on("error", () => socket.destroy());
        socket.on("close", () => upstream.destroy());
        socket.pipe(upstream).pipe(socket);
      });
    });
    const { port } = closing(await listen(proxy));
    vi.stubEnv("http_proxy", `http://127.0.0.1:${port}`);
    const { client } = clientOf("http://aiem.test", { protocol });
    expect((await client.getProcess({ name })).process?.name).toBe(name);
  },
);

test("the certificate is checked against the server's name, through a proxy too", async () => {
  const { port, sslCaCert } = await httpsEdge();
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${(await startProxy(port)).port}`);
  const other = clientOf("https://other.test", { sslCaCert });
  await expect(other.client.getProcess({ name })).rejects.toMatchObject(
    failure(
      "Unavailable",
      /^cannot connect to https:\/\/other\.test: its certificate is for another name/,
    ),
  );
  const untrusted = clientOf("https://aiem.test");
  await expect(untrusted.client.getProcess({ name })).rejects.toMatchObject(
    failure("Unavailable", /not signed by a trusted authority/),
  );
});

test("http addresses are tunnelled too, and streams through the tunnel", async () => {
  const { port } = closing(await listen(createServer(REST_ANSWER)));
  const proxy = await startProxy(port);
  vi.stubEnv("http_proxy", `127.0.0.1:${proxy.port}`);
  const { client } = clientOf("http://aiem.test:8080/prefix", { protocol: "rest" });
  const lengths: number[] = [];
  for await (const { data } of client.streamOutput({ name })) {
    lengths.push(data.length);
  }
  expect(lengths).toEqual([3]);
  expect(proxy.seen.map(({ target }) => target)).toEqual(["aiem.test:8080"]);
});

test.each([
  [
    407,
    "local",
    /refuses to connect to it \(HTTP 407\); it wants a user and a password, as part of HTTPS_PROXY$/,
  ],
  [403, "local", /refuses to connect to it \(HTTP 403\)$/],
  [502, "refused", /refuses to connect to it \(HTTP 502\)$/],
] as const)(
  "a proxy that answers HTTP %i (%s) is named, without its password",
  async (status, kind, message) => {
    const proxy = await startProxy(1, { status });
    vi.stubEnv("HTTPS_PROXY", `http://user:s3cret@127.0.0.1:${proxy.port}`);
    const { client, sent } = clientOf("https://aiem.test");
    const error: unknown = await client.getProcess({ name }).catch((reason) => reason);
    expect(error).toMatchObject(failure("Unavailable", message));
    expect(error).toMatchObject(
      failure(
        "Unavailable",
        new RegExp(
          `^cannot connect to https://aiem.test: the proxy http://127.0.0.1:${proxy.port}, named by HTTPS_PROXY, `,
        ),
      ),
    );
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/s3cret|dXNlcjpz/);
    expect(sent[0]?.failure?.kind).toBe(kind);
  },
);

test("a proxy that is not there is named, and may be tried again", async () => {
  const { port, close } = await listen(createTcpServer());
  await close();
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${port}`);
  const { client, sent } = clientOf("https://aiem.test");
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure(
      "Unavailable",
      /the proxy http:\S+, named by HTTPS_PROXY, cannot be used: ECONNREFUSED$/,
    ),
  );
  expect(sent[0]?.failure?.kind).toBe("refused");
});

test("a proxy that does not answer, or closes, is given up in time", async () => {
  const silent = closing(await listen(createTcpServer((socket) => socket.resume())));
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${silent.port}`);
  const { client } = clientOf("https://aiem.test", { connectTimeoutMs: 100 });
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure("Unavailable", /^cannot connect to https:\/\/aiem\.test: not within 100 ms/),
  );
  await expect.poll(() => silent.sockets.size).toBe(0);
  const closes = closing(await listen(createTcpServer((socket) => socket.end())));
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${closes.port}`);
  await expect(clientOf("https://aiem.test").client.getProcess({ name })).rejects.toMatchObject(
    failure("Unavailable", /named by HTTPS_PROXY, cannot be used: ECONNRESET$/),
  );
});

test("a call that is cancelled while the proxy connects leaves no connection", async () => {
  const silent = closing(await listen(createTcpServer((socket) => socket.resume())));
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${silent.port}`);
  const { client } = clientOf("https://aiem.test");
  const abort = new AbortController();
  const end = expect(client.getProcess({ name }, { signal: abort.signal })).rejects.toThrow();
  await expect.poll(() => silent.sockets.size).toBe(1);
  abort.abort();
  await end;
  await expect.poll(() => silent.sockets.size).toBe(0);
});

test("a variable that names no proxy is told, and not what is in it", async () => {
  vi.stubEnv("HTTPS_PROXY", "socks5://user:s3cret@127.0.0.1:1");
  const { client, sent } = clientOf("https://aiem.test");
  const error: unknown = await client.getProcess({ name }).catch((reason) => reason);
  expect(error).toMatchObject(
    failure("Unavailable", /: HTTPS_PROXY names no proxy: it must be an http or https URL$/),
  );
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("s3cret");
  expect(sent[0]?.failure?.kind).toBe("local");
});
