import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { makeTestCertificates } from "../../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { answering, restClient, startEdge, startRawEdge } from "./support/http-edge.js";

const name = PROCESS;

test("a connection whose answer was read to its end carries the next call, whatever the answer", async () => {
  let answers = 0;
  const { client, sockets } = await startEdge((request, response) => {
    answers += 1;
    const status = { code: 5, message: "no" };
    const listener =
      answers % 2 === 0
        ? answering(status, { status: 404 })
        : answering('{"result":{"data":"AAAA"}}\n');
    listener(request, response);
  });
  for (let i = 0; i < 3; i++) {
    for await (const _ of client.streamOutput({ name })) {
    }
    await expect(client.getProcess({ name })).rejects.toMatchObject({ code: Code.NotFound });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(answers).toBe(6);
  expect(sockets.size).toBe(1);
});

test("300 followers do not hold up short calls", async () => {
  const { client, sockets } = await startEdge((request, response) => {
    if (request.url?.includes(":streamOutput")) {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"result":{"data":"AAAA"}}\n');
    } else {
      answering({})(request, response);
    }
  });
  const followers = Array.from({ length: 300 }, () =>
    client.streamOutput({ name })[Symbol.asyncIterator](),
  );
  await Promise.all(followers.map((follower) => follower.next()));
  await Promise.all(Array.from({ length: 50 }, () => client.getProcess({ name })));
  expect(sockets.size).toBeGreaterThanOrEqual(301);
});

test("an abort ends its own call's connection, and no other", async () => {
  const { client, sockets } = await startEdge((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"result":{"data":"AAAA"}}\n');
  });
  const aborts = [new AbortController(), new AbortController()];
  const followers = aborts.map(({ signal }) =>
    client.streamOutput({ name }, { signal })[Symbol.asyncIterator](),
  );
  await Promise.all(followers.map((follower) => follower.next()));
  const reason = new Error("enough");
  const end = expect(followers[0]?.next()).rejects.toMatchObject({
    code: Code.Canceled,
    cause: reason,
  });
  aborts[0]?.abort(reason);
  await end;
  await expect.poll(() => sockets.size).toBe(1);
  const other = expect(followers[1]?.next()).rejects.toMatchObject({ code: Code.Canceled });
  aborts[1]?.abort();
  await other;
  await expect.poll(() => sockets.size).toBe(0);
});

test("a server that does not answer in time is left", async () => {
  const { client, sent, sockets } = await startEdge((request) => request.resume());
  const call = client.waitProcess({ name }, { timeoutMs: 500 });
  await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  expect(sent[0]?.attempt.evidence).toMatchObject({
    connection: expect.anything(),
    answered: false,
  });
  await expect.poll(() => sockets.size).toBe(0);
});

test("a server that closes idle connections costs no call", async () => {
  const { client, sockets } = await startEdge(answering({}));
  for (let i = 0; i < 3; i++) {
    await client.getProcess({ name });
    for (const socket of sockets) {
      socket.end();
    }
    await expect.poll(() => sockets.size).toBe(0);
  }
});

test.each([
  [
    "closes the connection",
    "",
    /^connection lost: http:\S+ closed it; if it expects TLS, use https:\/\/$/,
  ],
  ["breaks off its headers", "HTTP/1.1 200 OK\r\nconte", /^connection lost: http:\S+ closed it$/],
  [
    "upgrades unasked",
    "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    /^connection lost: http:\S+ closed it$/,
  ],
])("a server that takes the request and %s may have acted on it", async (_, bytes, message) => {
  const { client, sent } = await startRawEdge((socket) => socket.end(bytes));
  const call = client.sendSignal({ name, signal: 9 });
  await expect(call).rejects.toMatchObject(failure("Unavailable", message));
  expect(sent).toMatchObject([
    {
      attempt: { evidence: { connection: expect.anything(), answered: false } },
      failure: { kind: "lost" },
    },
  ]);
});

test("what is no HTTP on a connection that has answered before is a lost connection", async () => {
  let answers = 0;
  const { client } = await startRawEdge((socket) => {
    answers += 1;
    socket.write(
      answers === 1
        ? "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        : "surplus",
    );
  });
  await client.getProcess({ name });
  await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure("Unavailable", /^connection lost: http:\S+ sent what is no HTTP/),
  );
});

test("a gRPC server without TLS is told from a REST one", async () => {
  const { port } = closing(await listen(createHttp2Server()));
  const { client, sent } = restClient(`http://127.0.0.1:${port}`);
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure(
      "Unavailable",
      /does not answer in HTTP\/1\.1.*; if it speaks gRPC, use protocol: "grpc"$/,
    ),
  );
  expect(sent[0]?.failure?.kind).toBe("local");
});

test("so is one with TLS, by ALPN", async () => {
  const { server: tls } = await makeTestCertificates();
  const { port } = closing(await listen(createSecureServer(tls)));
  const { client } = restClient(`https://127.0.0.1:${port}`, { verifySsl: false });
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure(
      "Unavailable",
      /does not offer HTTP\/1\.1 \(ALPN\).*; if it speaks gRPC, use protocol: "grpc"$/,
    ),
  );
});

test("a TLS alert in answer to an http address hints at https", async () => {
  const { client } = await startRawEdge((socket) =>
    socket.end(Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])),
  );
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure("Unavailable", /does not answer in HTTP\/1\.1, .*; if it expects TLS, use https:\/\//),
  );
});

test("a connection that is refused was never handed the request", async () => {
  const { origin, client, sent, closeServer } = await startEdge(answering({}));
  await closeServer();
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure("Unavailable", new RegExp(`^cannot connect to ${origin}: connection refused; `)),
  );
  expect(sent).toMatchObject([
    { attempt: { evidence: { connection: undefined } }, failure: { kind: "refused" } },
  ]);
});

test("a call that ends while its connection is made lets go of the connection", async () => {
  const { client, sent, sockets } = await startRawEdge(() => undefined);
  const abort = new AbortController();
  const reason = new Error("enough");
  const call = client.getProcess({ name }, { signal: abort.signal });
  abort.abort(reason);
  await expect(call).rejects.toMatchObject({ code: Code.Canceled, cause: reason });
  expect(sent[0]?.attempt.evidence.connection).toBeUndefined();
  await expect.poll(() => sockets.size).toBe(0);
});

test("a connection that is given up ends its call as lost, and the next call has another", async () => {
  let answers = false;
  const { client, sent } = await startEdge((request, response) => {
    if (answers) {
      answering({})(request, response);
    }
  });
  const call = client.getProcess({ name });
  await expect.poll(() => sent[0]?.attempt.evidence.connection).toBeDefined();
  sent[0]?.attempt.evidence.connection?.destroy("did not answer any more");
  await expect(call).rejects.toMatchObject(
    failure("Unavailable", /^connection lost: http:\S+ did not answer any more$/),
  );
  expect(sent[0]?.failure?.kind).toBe("lost");
  answers = true;
  await client.getProcess({ name });
  expect(sent[1]?.attempt.evidence.connection).not.toBe(sent[0]?.attempt.evidence.connection);
});

test("closing ends every call, and refuses later ones", async () => {
  const { client, sent, wire, sockets } = await startEdge(() => undefined);
  const call = client.getProcess({ name });
  await expect.poll(() => sent[0]?.attempt.evidence.connection).toBeDefined();
  wire.close();
  await expect(call).rejects.toMatchObject(failure("Canceled", /^the client was closed$/));
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure("Canceled", /^the client was closed$/),
  );
  await expect.poll(() => sockets.size).toBe(0);
});

test("48 KiB of headers are read, and more than 64 KiB are refused as this side's limit", async () => {
  let size = 48 * 1024;
  const { client, sent } = await startRawEdge((socket) =>
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-large: ${"x".repeat(size)}\r\ncontent-length: 2\r\n\r\n{}`,
    ),
  );
  let header: Headers | undefined;
  await client.getProcess({ name }, { onHeader: (received) => (header = received) });
  expect(header?.get("x-large")).toHaveLength(size);
  size = 70 * 1024;
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure("ResourceExhausted", /are larger than the 65536 bytes that this client reads; /),
  );
  expect(sent[1]?.failure?.kind).toBe("unreadable");
});
