import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { failureOf } from "../../../src/client/attempt-failure.js";
import { mayHaveHadEffect } from "../../../src/retry/repeatable.js";
import { runInCall } from "../../../src/transport/call-context.js";
import { CallRecord } from "../../../src/transport/call-record.js";
import { createTransport } from "../../../src/transport/create-transport.js";
import { connectFailureKind } from "../../../src/transport/errors/connect-failure.js";
import { makeTestCertificates } from "../../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { answering, startEdge, startRawEdge } from "./support/http-edge.js";

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
      response.write('{"result":{}}\n');
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
    response.write('{"result":{}}\n');
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
  const { client, sockets } = await startEdge((request) => request.resume());
  const record = new CallRecord();
  const call = runInCall(record, () => client.waitProcess({ name }, { timeoutMs: 50 }));
  await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  expect(record).toMatchObject({ sent: true, answered: false, neverProcessed: false });
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
  const { client } = await startRawEdge((socket) => socket.end(bytes));
  const record = new CallRecord();
  const call = runInCall(record, () => client.sendSignal({ name, signal: 9 }));
  await expect(call).rejects.toMatchObject(failure("Unavailable", message));
  expect(record).toMatchObject({ sent: true, answered: false, neverProcessed: false });
  const error: unknown = await call.catch((reason) => reason);
  expect(mayHaveHadEffect(failureOf(error, record))).toBe(true);
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
  const { transport } = closing(
    createTransport({ aiemUrl: `http://127.0.0.1:${port}` }, { protocol: "rest" }),
  );
  const error: unknown = await createClient(ProcessService, transport)
    .getProcess({ name })
    .catch((reason) => reason);
  expect(error).toMatchObject(
    failure(
      "Unavailable",
      /does not answer in HTTP\/1\.1.*; if it speaks gRPC, use protocol: "grpc"$/,
    ),
  );
  expect(connectFailureKind(error)).toBe("protocol");
});

test("so is one with TLS, by ALPN", async () => {
  const { server: tls } = await makeTestCertificates();
  const { port } = closing(await listen(createSecureServer(tls)));
  const { transport } = closing(
    createTransport(
      { aiemUrl: `https://127.0.0.1:${port}` },
      { protocol: "rest", verifySsl: false },
    ),
  );
  await expect(createClient(ProcessService, transport).getProcess({ name })).rejects.toMatchObject(
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
