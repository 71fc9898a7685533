import { createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { startHttpServer } from "../../../src/stub/server/http-server.js";
import type { NodeHandler } from "../../../src/stub/server/node-handler.js";
import { makeTestCertificates } from "../../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { PROCESS } from "../support/process-name.js";
import { clientOf, connectTo, REST_ANSWER } from "./support/edges.js";

const name = PROCESS;

describe("REST it is, and the first call is sent again, if", () => {
  test("the edge has HTTP/1.1 only", async () => {
    const { client, events } = await connectTo(createServer(REST_ANSWER));
    expect((await client.getProcess({ name })).process?.name).toBe("over REST");
    expect((await client.getProcess({ name })).process?.name).toBe("over REST");
    expect(events).toMatchObject(
      [
        {
          protocol: "rest",
          reason: /the expected HTTP version/,
          error: { code: Code.Unavailable },
        },
      ].map((event) => ({ ...event, reason: expect.stringMatching(event.reason) })),
    );
  });

  test("the first call is a stream", async () => {
    const { client, events } = await connectTo(createServer(REST_ANSWER));
    const lengths: number[] = [];
    for await (const { data } of client.streamOutput({ name })) {
      lengths.push(data.length);
    }
    expect(lengths).toEqual([3]);
    expect(events).toHaveLength(1);
  });

  test("TLS offers no HTTP/2 (ALPN)", async () => {
    const { server } = await makeTestCertificates();
    const options = { scheme: "https", verifySsl: false };
    const { client, events } = await connectTo(createHttpsServer(server, REST_ANSWER), options);
    expect((await client.getProcess({ name })).process?.name).toBe("over REST");
    expect(events).toMatchObject([
      { protocol: "rest", reason: expect.stringMatching(/does not offer HTTP\/2 \(ALPN\)/) },
    ]);
  });

  test("the edge takes connections, and never begins HTTP/2 on them", async () => {
    let http1 = 0;
    const rest = createServer((request, response) => {
      http1 += 1;
      REST_ANSWER(request, response);
    });
    const edge = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (head) => {
        if (!head.toString("latin1").startsWith("PRI ")) {
          socket.unshift(head);
          rest.emit("connection", socket);
        }
      });
    });
    const { client, events } = await connectTo(edge, { connectTimeoutMs: 1_000 });
    const calls = Array.from({ length: 5 }, () => client.getProcess({ name }));
    const names = (await Promise.all(calls)).map(({ process }) => process?.name);
    expect(new Set(names)).toEqual(new Set(["over REST"]));
    expect(http1).toBe(5);
    expect(events).toMatchObject([
      { protocol: "rest", reason: expect.stringMatching(/not within 1000 ms/) },
    ]);
  });

  test.each([404, 415])(
    "the edge speaks HTTP/2 and answers HTTP %i without a status",
    async (status) => {
      const paths: string[] = [];
      const handler: NodeHandler = (request, response) => {
        request.resume();
        if (request.httpVersionMajor === 2) {
          paths.push(request.url ?? "");
          response.statusCode = status;
        }
        response.setHeader("content-type", "application/json");
        response.end('{"process":{"name":"over REST"}}');
        return true;
      };
      const edge = await startHttpServer(0, { handlers: [handler] });
      const { client, events } = clientOf(`http://127.0.0.1:${edge.port}`, {});
      closing({ close: () => edge.stop() });
      const calls = Array.from({ length: 5 }, () => client.getProcess({ name }));
      const names = (await Promise.all(calls)).map(({ process }) => process?.name);
      expect(new Set(names)).toEqual(new Set(["over REST"]));
      expect(new Set(paths)).toEqual(new Set([`/${ProcessService.typeName}/GetProcess`]));
      expect(paths).toHaveLength(5);
      expect(events).toMatchObject([{ protocol: "rest", error: { code: expect.any(Number) } }]);
      await client.getProcess({ name });
      expect(paths).toHaveLength(5);
    },
  );
});
