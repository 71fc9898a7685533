import { constants, createServer, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { createClient, type HandlerContext } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../support/create-transport.js";
import { closing } from "./support/cleanup.js";
import { failure } from "./support/failure.js";
import { followForever } from "./support/follow.js";
import { listen } from "./support/listen.js";
import { PROCESS } from "./support/process-name.js";
import { startProcessServer } from "./support/process-server.js";
import { PROTOCOLS } from "./support/protocols.js";

async function waitForever(_: unknown, context: HandlerContext): Promise<object> {
  await new Promise<void>((resolve) => {
    context.signal.addEventListener("abort", () => resolve());
  });
  return {};
}

describe.each(PROTOCOLS)("$protocol over HTTP/$httpVersion", (options) => {
  async function start() {
    const server = closing(
      await startProcessServer({
        service: {
          streamOutput: followForever,
          waitProcess: waitForever,
          getProcess: () => ({ process: { name: PROCESS } }),
        },
        http1: options.httpVersion === "1.1",
      }),
    );
    const own = closing(createTransport({ aiemUrl: server.url }, options));
    const client = createClient(ProcessService, own.transport);
    return { server, sent: own.sent, close: () => own.close(), client };
  }

  test.each(["FIN", "RST"])("a stream that a %s cuts ends as a lost connection", async (kind) => {
    const { server, sent, client } = await start();
    const follower = client.streamOutput({ name: PROCESS })[Symbol.asyncIterator]();
    await follower.next();
    const end = follower.next();
    for (const socket of server.sockets) {
      kind === "FIN" ? socket.end() : socket.resetAndDestroy();
    }
    await expect(end).rejects.toMatchObject(failure("Unavailable", /^connection lost: http:/));
    expect(sent[0]).toMatchObject({
      attempt: { evidence: { connection: expect.anything(), answered: true } },
      failure: { kind: "lost" },
    });
    await expect(client.getProcess({ name: PROCESS })).resolves.toBeDefined();
  });

  test.each(["FIN", "RST"])(
    "a unary call that a %s cuts ends as a lost connection",
    async (kind) => {
      const { server, sent, client } = await start();
      await client.getProcess({ name: PROCESS });
      const call = client.waitProcess({ name: PROCESS });
      const end = expect(call).rejects.toMatchObject(
        failure("Unavailable", /^connection lost: http:/),
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const socket of server.sockets) {
        kind === "FIN" ? socket.end() : socket.resetAndDestroy();
      }
      await end;
      expect(sent[1]).toMatchObject({
        attempt: { evidence: { connection: expect.anything(), answered: false } },
        failure: { kind: "lost" },
      });
    },
  );

  test("a connection that is given up ends its calls, and the next call uses another", async () => {
    const { server, sent, client } = await start();
    const follower = client.streamOutput({ name: PROCESS })[Symbol.asyncIterator]();
    await follower.next();
    const end = follower.next();
    sent[0]?.attempt.evidence.connection?.destroy("did not answer any more");
    await expect(end).rejects.toMatchObject(
      failure("Unavailable", /^connection lost: .* did not answer any more$/),
    );
    await client.getProcess({ name: PROCESS });
    expect(server.sockets.size).toBeGreaterThan(0);
  });

  test("closing the client ends calls under way and refuses later ones, however often", async () => {
    const { server, close, client } = await start();
    const follower = client.streamOutput({ name: PROCESS })[Symbol.asyncIterator]();
    await follower.next();
    const stream = expect(follower.next()).rejects.toMatchObject(
      failure("Canceled", /^the client was closed$/),
    );
    const unary = expect(client.waitProcess({ name: PROCESS })).rejects.toMatchObject(
      failure("Canceled", /^the client was closed$/),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    close();
    close();
    await Promise.all([stream, unary]);
    await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
      failure("Canceled", /^the client was closed$/),
    );
    await expect.poll(() => server.sockets.size).toBe(0);
  });
});

// RFC 9113, section 6.4.
function rstStream(streamId: number, code: number): Buffer {
  const frame = Buffer.alloc(13);
  frame.writeUInt8(4, 2);
  frame.writeUInt8(3, 3);
  frame.writeUInt32BE(streamId, 5);
  frame.writeUInt32BE(code, 9);
  return frame;
}

describe.each(["grpc", "connect"] as const)("RST_STREAM (%s)", (protocol) => {
  async function start(onStream: (stream: ServerHttp2Stream, sockets: Set<Socket>) => void) {
    const server = createServer();
    const { port, sockets } = closing(await listen(server));
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      onStream(stream, sockets);
    });
    const { transport, sent } = closing(
      createTransport({ aiemUrl: `http://127.0.0.1:${port}` }, { protocol }),
    );
    return { sent, client: createClient(ProcessService, transport) };
  }

  test.each([
    ["INTERNAL_ERROR", constants.NGHTTP2_INTERNAL_ERROR],
    ["CANCEL", constants.NGHTTP2_CANCEL],
  ])("with %s after the headers is Unavailable and may have had an effect", async (name, code) => {
    const { sent, client } = await start((stream, sockets) => {
      const contentType =
        protocol === "grpc" ? "application/grpc+proto" : "application/connect+proto";
      stream.respond({ ":status": 200, "content-type": contentType });
      stream.write(Buffer.from([0, 0, 0, 0, 0]));
      // Node.js itself would send END_STREAM before the reset.
      setTimeout(() => {
        for (const socket of sockets) {
          socket.write(rstStream(stream.id ?? 0, code));
        }
      }, 20);
    });
    const follower = client.streamOutput({ name: PROCESS })[Symbol.asyncIterator]();
    const read = async () => {
      while (!(await follower.next()).done) {}
    };
    await expect(read()).rejects.toMatchObject(
      failure("Unavailable", new RegExp(`^the server broke the call off \\(HTTP/2 ${name}\\)$`)),
    );
    expect(sent[0]?.failure?.kind).toBe("lost");
  });

  test("with REFUSED_STREAM was never processed", async () => {
    const { sent, client } = await start((stream) =>
      stream.close(constants.NGHTTP2_REFUSED_STREAM),
    );
    await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
      failure("Unavailable", /^the server refused the call before it did anything/),
    );
    expect(sent[0]?.failure?.kind).toBe("refused");
  });
});

test("an answer that is complete when the server closes the connection is delivered", async () => {
  const server = closing(
    await startProcessServer({
      service: { readOutput: () => ({ data: new Uint8Array(3_000_000).fill(7) }) },
      onSession: (session) => session.on("stream", () => session.close()),
    }),
  );
  const { transport } = closing(createTransport({ aiemUrl: server.url }));
  const client = createClient(ProcessService, transport);
  for (let i = 0; i < 5; i++) {
    expect((await client.readOutput({ name: PROCESS })).data).toHaveLength(3_000_000);
  }
});
