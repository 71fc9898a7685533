import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { ProcessClient } from "../../../src/index.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { startProcessServer } from "../support/process-server.js";
import { clientOf, connectTo, http2Edge } from "./support/edges.js";

const name = PROCESS;

describe("gRPC it stays", () => {
  test("once it has answered, whatever it answers", async () => {
    const service = {
      getProcess: () => ({ process: { name: "over gRPC" } }),
      startProcess: () => {
        throw new Error("bug");
      },
    };
    const server = closing(await startProcessServer({ service }));
    const { client, events } = clientOf(server.url, {});
    await expect(client.startProcess({ name })).rejects.toMatchObject({ code: Code.Internal });
    expect((await client.getProcess({ name })).process?.name).toBe("over gRPC");
    expect(events).toEqual([
      {
        protocol: "grpc",
        contract: "built-in",
        reason: "the server has answered",
        error: undefined,
      },
    ]);
  });

  test("when a path is not there later on", async () => {
    let status = 200;
    const server = createHttp2Server();
    server.on("stream", (stream) => {
      const type = status === 200 ? "application/grpc+proto" : "text/html";
      const trailersOnly = status === 200 ? { "grpc-status": 5, "grpc-message": "none" } : {};
      stream.respond({ ":status": status, "content-type": type, ...trailersOnly });
      stream.end();
    });
    const { client, events } = await connectTo(server);
    await expect(client.getProcess({ name })).rejects.toMatchObject({ code: Code.NotFound });
    status = 404;
    await expect(client.getProcess({ name })).rejects.toMatchObject(
      failure(
        "Unimplemented",
        /answered HTTP 404 text\/html, which is not gRPC; for AIEM's public REST/,
      ),
    );
    expect(events).toMatchObject([{ protocol: "grpc" }]);
  });

  test.each([
    [200, "text/html"],
    [302, "text/html"],
    [401, "application/json"],
    [403, "text/html"],
    [429, "text/html"],
    [500, "application/json"],
    [502, "text/html"],
    [503, "text/html"],
    [504, "text/html"],
    [404, "application/grpc"],
    [415, "application/grpc+proto"],
  ])("though it answers HTTP %i %s, perhaps after the call was executed", async (status, type) => {
    const paths: string[] = [];
    const server = http2Edge({ ":status": status, "content-type": type }, (path) =>
      paths.push(path),
    );
    const { client, own, events } = await connectTo(server);
    await expect(client.sendSignal({ name, signal: 15 })).rejects.toMatchObject(
      failureLike(status, type),
    );
    expect(["status", "unavailable"]).toContain(own.sent[0]?.failure?.kind);
    expect(paths).toEqual([`/${ProcessService.typeName}/SendSignal`]);
    expect(events).toEqual([]);
  });

  test("while connections are refused, or end before HTTP/2 begins", async () => {
    const { port, close } = await listen(createTcpServer());
    await close();
    const refused = clientOf(`http://127.0.0.1:${port}`, {});
    await expect(refused.client.getProcess({ name })).rejects.toMatchObject(
      failure("Unavailable", /connection refused/),
    );
    const { client, events } = await connectTo(createTcpServer((socket) => socket.end()));
    await expect(client.getProcess({ name })).rejects.toMatchObject({ code: Code.Unavailable });
    expect([...refused.events, ...events]).toEqual([]);
  });

  test("when the caller has given up the call", async () => {
    const { client, events } = await connectTo(
      createTcpServer((socket) => socket.resume()),
      {
        connectTimeoutMs: 200,
      },
    );
    const call = client.getProcess({ name }, { signal: AbortSignal.timeout(20) });
    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
    expect(events).toEqual([]);
  });
});

test("a signal that a proxy answers with 502 was sent once, whatever may be retried", async () => {
  const paths: string[] = [];
  const edge = http2Edge({ ":status": 502, "content-type": "text/html" }, (path) =>
    paths.push(path),
  );
  const { port } = closing(await listen(edge));
  const events: unknown[] = [];
  await using client = new ProcessClient(
    { contract: "built-in", aiemUrl: `http://127.0.0.1:${port}` },
    { onProtocol: (event) => events.push(event) },
  );
  await expect(client.sendSignal(name, "SIGTERM")).rejects.toMatchObject({
    code: Code.Unavailable,
  });
  expect(paths).toHaveLength(1);
  expect(events).toEqual([]);
});

function failureLike(status: number, type: string) {
  return {
    rawMessage: expect.stringContaining(`answered HTTP ${status} ${type}, which is not gRPC`),
  };
}
