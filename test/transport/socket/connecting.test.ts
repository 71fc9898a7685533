import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Code, createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { TransportOptions } from "../../../src/transport/connection-config.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { startProcessServer } from "../support/process-server.js";
import { PROTOCOLS } from "../support/protocols.js";

function open(aiemUrl: string, options: TransportOptions) {
  const { transport, sent } = closing(createTransport({ aiemUrl }, options));
  return { client: createClient(ProcessService, transport), sent };
}

function connectTo(aiemUrl: string, options: TransportOptions) {
  return open(aiemUrl, options).client;
}

function silentServer() {
  return createServer((socket) => socket.resume());
}

async function freePort(): Promise<number> {
  const { port, close } = await listen(createServer());
  await close();
  return port;
}

describe.each(PROTOCOLS)("$protocol over HTTP/$httpVersion", (options) => {
  test("a refused connection names the address, and nothing was sent", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { client, sent } = open(url, options);
    const error: unknown = await client.getProcess({ name: PROCESS }).catch((reason) => reason);
    expect(error).toMatchObject(
      failure("Unavailable", new RegExp(`^cannot connect to ${url}: connection refused`)),
    );
    expect(error).toMatchObject({ cause: { code: "ECONNREFUSED" } });
    expect(sent[0]).toMatchObject({
      attempt: { evidence: { connection: undefined } },
      failure: { kind: "refused" },
    });
  });

  test("localhost that refuses on every address is refused too", async () => {
    const url = `http://localhost:${await freePort()}`;
    await expect(connectTo(url, options).getProcess({ name: PROCESS })).rejects.toMatchObject(
      failure("Unavailable", /: connection refused; check the address/),
    );
  });

  test("an https address of a server without TLS says so", async () => {
    const { port } = closing(await listen(createHttpServer()));
    const call = connectTo(`https://127.0.0.1:${port}`, options).getProcess({ name: PROCESS });
    await expect(call).rejects.toMatchObject(
      failure("Unavailable", /^cannot connect .*: the server does not speak TLS there; use http:/),
    );
  });

  test("a server that does not answer the TLS handshake is given up in time", async () => {
    const { port, sockets } = closing(await listen(silentServer()));
    const aiemUrl = `https://127.0.0.1:${port}`;
    const call = connectTo(aiemUrl, { ...options, connectTimeoutMs: 1_000 });
    await expect(call.getProcess({ name: PROCESS })).rejects.toMatchObject(
      failure("Unavailable", /^cannot connect .*: not within 1000 ms: the server accepted/),
    );
    await expect.poll(() => sockets.size).toBe(0);
  });

  test("a call that is cancelled before its connection is there ends at once", async () => {
    const { port, sockets } = closing(await listen(silentServer()));
    const client = connectTo(`https://127.0.0.1:${port}`, options);
    const abort = new AbortController();
    const end = expect(
      client.getProcess({ name: PROCESS }, { signal: abort.signal }),
    ).rejects.toMatchObject({ code: Code.Canceled });
    await expect.poll(() => sockets.size).toBe(1);
    abort.abort();
    await end;
  });
});

describe.each(["grpc", "connect"] as const)("HTTP/2 (%s)", (protocol) => {
  test("a server that accepts and never sends its settings is given up in time", async () => {
    const { port, sockets } = closing(await listen(silentServer()));
    const aiemUrl = `http://127.0.0.1:${port}`;
    const { client, sent } = open(aiemUrl, { protocol, connectTimeoutMs: 1_000 });
    await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
      failure("Unavailable", /^cannot connect .*: not within 1000 ms: the server accepted/),
    );
    expect(sent[0]?.failure?.kind).toBe("refused");
    await expect.poll(() => sockets.size).toBe(0);
  });

  test("a server that has HTTP/1.1 only says what to use", async () => {
    const { port } = closing(await listen(createHttpServer()));
    const { client, sent } = open(`http://127.0.0.1:${port}`, { protocol });
    await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
      failure(
        "Unavailable",
        /^cannot connect .* use protocol: "rest", or "connect" with httpVersion: "1\.1"$/,
      ),
    );
    expect(sent[0]?.failure?.kind).toBe("local");
  });

  test("an http address of a server with TLS hints at https", async () => {
    const { port } = closing(await listen(createTlsServer()));
    const call = connectTo(`http://127.0.0.1:${port}`, { protocol }).getProcess({ name: PROCESS });
    await expect(call).rejects.toMatchObject(
      failure("Unavailable", /^cannot connect .* if it expects TLS, use https:\/\//),
    );
  });

  test("a call that did not wait for its connection leaves it to the next one", async () => {
    const server = closing(await startProcessServer({ service: { getProcess: () => ({}) } }));
    const client = connectTo(server.url, { protocol });
    const abort = new AbortController();
    const end = expect(
      client.getProcess({ name: PROCESS }, { signal: abort.signal }),
    ).rejects.toMatchObject({ code: Code.Canceled });
    abort.abort();
    await end;
    await client.getProcess({ name: PROCESS });
    expect(server.sessions.length).toBeLessThanOrEqual(1);
  });
});
