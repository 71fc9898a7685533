import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTlsServer } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { makeTestCertificates } from "../../support/certificates.js";
import { answering } from "../rest/support/http-edge.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { clientOf, REST_ANSWER } from "./support/edges.js";
import { type Behind, grpcOnly, raw, silent, startSwitchboard } from "./support/switchboard.js";

const name = PROCESS;
const NOT_FOUND = failure("NotFound", /^no such process$/);
const PREFACE = "PRI * HTTP/2.0";

// Length 8, type 7, stream 0; the last stream 0, and the code 11.
const CALM = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]);

/** HTTP/2 and HTTP/1.1 that both answer with a page. */
function pages(status: number): Behind {
  const http2 = createHttp2Server();
  http2.on("stream", (stream) => {
    stream.respond({ ":status": status, "content-type": "text/html" });
    stream.end("none");
  });
  const http1 = createServer(
    answering("none", { status, headers: { "content-type": "text/html" } }),
  );
  return (socket) => {
    socket.once("data", (head) => {
      const isHttp2 = head.toString("latin1").startsWith("PRI ");
      socket.pause();
      socket.unshift(head);
      (isHttp2 ? http2 : http1).emit("connection", socket);
      if (!isHttp2) {
        socket.resume();
      }
    });
  };
}

/** The error of a call, if it fails. A connection that is gone may not be known to be yet. */
async function outcomeOf(call: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    const outcome = await call().catch((reason) => reason);
    if (!(outcome instanceof ConnectError) || !/connection lost/.test(outcome.message)) {
      return outcome;
    }
  }
}

describe("nothing is settled by", () => {
  test.each<[string, Behind]>([
    ["HTTP/1.1 503", raw("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")],
    ["HTTP/1.1 408", raw("HTTP/1.1 408 Late\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")],
    [
      "HTTP/1.1 404",
      raw("HTTP/1.1 404 No\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n"),
    ],
    ["GOAWAY(ENHANCE_YOUR_CALM) instead of SETTINGS", raw(CALM)],
    ["an ingress's page of HTTP 404", pages(404)],
    ["an ingress's page of HTTP 415", pages(415)],
    ["silence", silent()],
  ])("%s, and gRPC is spoken as soon as it can be", async (_, behind) => {
    const server = closing(await startSwitchboard(behind));
    const { client, events } = clientOf(server.url, { connectTimeoutMs: 100 });
    for (const call of [
      client.getProcess({ name }, { timeoutMs: 1_000 }),
      client.sendSignal({ name, signal: 15 }, { timeoutMs: 1_000 }),
    ]) {
      await expect(call).rejects.not.toMatchObject(NOT_FOUND);
    }
    expect(events).toEqual([]);
    const paths: string[] = [];
    server.use(grpcOnly(paths));
    expect(await outcomeOf(() => client.getProcess({ name }))).toMatchObject(NOT_FOUND);
    await expect(client.sendSignal({ name, signal: 15 })).rejects.toMatchObject(NOT_FOUND);
    expect(paths).toEqual(["GetProcess", "SendSignal"]);
    expect(events).toMatchObject([{ protocol: "grpc" }]);
  });

  test("a moment that passes, which a client with retries sits out", async () => {
    const paths: string[] = [];
    for (const answer of [CALM, "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"]) {
      const server = closing(await startSwitchboard(raw(answer)));
      await using client = new ProcessClient(
        { contract: "built-in", aiemUrl: server.url },
        { onRetry: () => server.use(grpcOnly(paths)) },
      );
      await expect(client.sendSignal(name, 15)).rejects.toMatchObject(NOT_FOUND);
    }
    expect(paths).toEqual(["SendSignal", "SendSignal"]);
  });

  test.each([
    ["silence", (_: unknown) => undefined],
    ["GOAWAY(ENHANCE_YOUR_CALM)", (socket: { write(data: Buffer): unknown }) => socket.write(CALM)],
  ])("%s after TLS has agreed on HTTP/2, and nothing is asked by REST", async (_, then) => {
    const { server: tls } = await makeTestCertificates();
    const protocols: unknown[] = [];
    const server = createTlsServer({ ...tls, ALPNProtocols: ["h2", "http/1.1"] }, (socket) => {
      protocols.push(socket.alpnProtocol);
      socket.on("error", () => undefined);
      socket.resume();
      then(socket);
    });
    const { port } = closing(await listen(server));
    const { client, own, events } = clientOf(`https://127.0.0.1:${port}`, {
      verifySsl: false,
      connectTimeoutMs: 500,
    });
    await expect(client.getProcess({ name })).rejects.toMatchObject({ code: Code.Unavailable });
    expect(own.sent[0]?.failure?.kind).toBe("refused");
    expect(protocols).toEqual(["h2"]);
    expect(events).toEqual([]);
  });
});

describe("a call with an effect", () => {
  test("is not sent to a server that says nothing, which would run it later", async () => {
    const received: string[] = [];
    const server = closing(await startSwitchboard(silent(received)));
    const options = { connectTimeoutMs: 100, attemptTimeoutMs: 600 };
    await using client = new ProcessClient({ contract: "built-in", aiemUrl: server.url }, options);
    const call = client.createProcess("workspaces/w/sandboxEngines/e", { command: "true" });
    await expect(call).rejects.toMatchObject(
      failure("Unavailable", new RegExp(`${server.url}: not within 100 ms.*nor does it answer`)),
    );
    const requests = received.flatMap((bytes) => /^[A-Z]+ /.exec(bytes) ?? []);
    expect(requests).toEqual(["PRI ", "GET "]);
  });

  test("is sent over REST once a read has shown that this is spoken there", async () => {
    const requests: string[] = [];
    const rest = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      REST_ANSWER(request, response);
    });
    const { port } = closing(await listen(rest));
    const { client, events } = clientOf(`http://127.0.0.1:${port}`, {});
    await client.sendSignal({ name, signal: 15 });
    expect(requests).toEqual([`GET /v1/${name}`, `POST /v1/${name}:sendSignal`]);
    expect(events).toMatchObject([{ protocol: "rest" }]);
  });
});

describe("a choice that proves wrong is undone", () => {
  test.each(["getProcess", "sendSignal"] as const)("by %s, and told again", async (method) => {
    const paths: string[] = [];
    const server = closing(await startSwitchboard(createServer(REST_ANSWER)));
    const { client, events } = clientOf(server.url, {});
    const call = () =>
      method === "getProcess"
        ? client.getProcess({ name })
        : client.sendSignal({ name, signal: 15 });
    await call();
    server.use(grpcOnly(paths));
    expect(await outcomeOf(call)).toMatchObject(NOT_FOUND);
    expect(paths.filter((path) => path === "SendSignal")).toHaveLength(
      method === "sendSignal" ? 1 : 0,
    );
    server.use(createServer(REST_ANSWER));
    expect(await outcomeOf(call)).not.toBeInstanceOf(ConnectError);
    expect(events).toMatchObject([
      { protocol: "rest" },
      { protocol: "grpc" },
      { protocol: "rest" },
    ]);
  });

  test("but not by the silence of a server that has spoken gRPC", async () => {
    const received: string[] = [];
    const server = closing(await startSwitchboard(grpcOnly()));
    const { client, events } = clientOf(server.url, { connectTimeoutMs: 100 });
    await expect(client.getProcess({ name })).rejects.toMatchObject(NOT_FOUND);
    server.use(silent(received));
    await expect(client.getProcess({ name })).rejects.toMatchObject({ code: Code.Unavailable });
    expect(received.every((bytes) => bytes.startsWith(PREFACE))).toBe(true);
    expect(events).toHaveLength(1);
  });
});

describe("a server that takes connections and never answers", () => {
  test.each(["auto", "rest"] as const)("is told with its address (%s)", async (protocol) => {
    const received: string[] = [];
    const server = closing(await startSwitchboard(silent(received)));
    await using client = new ProcessClient(
      { contract: "built-in", aiemUrl: server.url },
      { protocol, connectTimeoutMs: 100, attemptTimeoutMs: 600 },
    );
    await expect(client.getProcess(name)).rejects.toMatchObject(
      failure("Unavailable", new RegExp(`${server.url}.* accepted the connection`)),
    );
    // Each protocol was tried once.
    expect(server.connections).toBe(protocol === "auto" ? 2 : 1);
  });

  test("is not waited for, nor followed, for the length of an outage", async () => {
    const server = closing(await startSwitchboard(silent()));
    await using client = new ProcessClient(
      { contract: "built-in", aiemUrl: server.url },
      { connectTimeoutMs: 100 },
    );
    const told = failure("Unavailable", new RegExp(`${server.url}.* accepted the connection`));
    await Promise.all([
      expect(client.waitProcess(name)).rejects.toMatchObject(told),
      expect(client.streamOutput(name)[Symbol.asyncIterator]().next()).rejects.toMatchObject(told),
    ]);
  }, 30_000);
});

// A gRPC server with an event loop of its own.
const SERVER = `
  const server = require("node:http2").createServer();
  const headers = { ":status": 200, "content-type": "application/grpc", "grpc-status": 5, "grpc-message": "no such process" };
  server.on("stream", (stream) => { stream.respond(headers); stream.end(); });
  server.on("sessionError", () => undefined);
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

describe("a pause", () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) {
      child.kill("SIGKILL");
    }
  });

  async function startServer() {
    const child = spawn(process.execPath, ["-e", SERVER], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const [port] = await once(child.stdout, "data");
    return { child, url: `http://127.0.0.1:${String(port).trim()}` };
  }

  test("of this process, longer than connectTimeoutMs, is not the server's silence", async () => {
    const { url } = await startServer();
    const { client, events } = clientOf(url, { connectTimeoutMs: 300 });
    const call = expect(client.getProcess({ name })).rejects.toMatchObject(NOT_FOUND);
    await new Promise((resolve) => setImmediate(resolve));
    for (const end = performance.now() + 2_000; performance.now() < end; ) {
      // Nothing else runs meanwhile.
    }
    await call;
    expect(events).toMatchObject([{ protocol: "grpc" }]);
  });

  test("of the server costs the calls in it, and no later one", async () => {
    const { child, url } = await startServer();
    child.kill("SIGSTOP");
    const { client, events } = clientOf(url, { connectTimeoutMs: 200 });
    await expect(client.getProcess({ name }, { timeoutMs: 800 })).rejects.toThrow();
    child.kill("SIGCONT");
    await expect(client.getProcess({ name })).rejects.toMatchObject(NOT_FOUND);
    expect(events).toMatchObject([{ protocol: "grpc" }]);
  });
});
