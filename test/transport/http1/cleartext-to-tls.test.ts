import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { answering } from "../rest/support/http-edge.js";
import { selfSigned } from "../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";

const name = PROCESS;
const HINT = "; if it expects TLS, use https://";

describe.each([{ protocol: "rest" }, { protocol: "connect", httpVersion: "1.1" }] as const)(
  "a connection without encryption that the server closes, over %j",
  (options) => {
    function clientOf(port: number) {
      const aiemUrl = `http://127.0.0.1:${port}`;
      const { transport, sent } = closing(createTransport({ aiemUrl }, options));
      return { sent, client: createClient(ProcessService, transport) };
    }

    test("without a word hints at TLS, which the server speaks", async () => {
      const tls = await selfSigned({});
      const { port } = closing(await listen(createHttpsServer(tls, answering({}))));
      const { client, sent } = clientOf(port);
      for (const call of [
        () => client.getProcess({ name }),
        () => client.sendSignal({ name, signal: 9 }),
        () => client.streamOutput({ name })[Symbol.asyncIterator]().next(),
      ]) {
        await expect(call()).rejects.toMatchObject(
          failure("Unavailable", new RegExp(`^connection lost: http:\\S+ [^;]+${HINT}$`)),
        );
        // It may as well have been a server of HTTP that acted on the request.
        expect(sent.at(-1)?.failure?.kind).toBe("lost");
      }
    });

    test("after an answer, or in the middle of one, gives no such hint", async () => {
      let requests = 0;
      const server = createHttpServer((request, response) => {
        requests += 1;
        if (requests === 1) {
          const isProto = request.headers["content-type"] === "application/proto";
          const headers = { "content-type": isProto ? "application/proto" : "application/json" };
          answering(isProto ? "" : {}, { headers })(request, response);
        } else if (requests === 2) {
          request.socket.destroy();
        } else {
          request.socket.end("HTTP/1.1 200 OK\r\nconte");
        }
      });
      const { client } = clientOf(closing(await listen(server)).port);
      await client.getProcess({ name });
      for (const _ of ["after an answer", "in the middle of one"]) {
        await expect(client.getProcess({ name })).rejects.toMatchObject(
          failure("Unavailable", /^connection lost: http:[^;]+$/),
        );
      }
      expect(requests).toBe(3);
    });
  },
);
