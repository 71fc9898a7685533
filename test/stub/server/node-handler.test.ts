import { afterEach, describe, expect, test } from "vitest";

import { type HttpServer, startHttpServer } from "../../../src/stub/server/http-server.js";
import type { NodeHandler } from "../../../src/stub/server/node-handler.js";
import { createRpcHandler } from "../../../src/stub/server/rpc-handler.js";
import { HTTP_VERSIONS, send } from "../gateway/support/send.js";
import { connectRaw } from "./raw-connection.js";
import { createScriptedService } from "./scripted-service.js";

describe("handlers", () => {
  let server: HttpServer;

  afterEach(() => server.stop());

  async function start(...handlers: NodeHandler[]): Promise<string> {
    server = await startHttpServer(0, { handlers });
    return `http://127.0.0.1:${server.port}`;
  }

  const answer =
    (path: string, body: string): NodeHandler =>
    (request, response) => {
      if (request.url !== path) {
        return false;
      }
      response.end(body);
      return true;
    };

  test("are asked in their order, and the first that takes a request serves it", async () => {
    const url = await start(answer("/a", "first"), answer("/a", "second"), answer("/b", "third"));
    expect(await (await fetch(`${url}/a`)).text()).toBe("first");
    expect(await (await fetch(`${url}/b`)).text()).toBe("third");
    expect((await fetch(`${url}/c`)).status).toBe(404);
  });

  test("that throw answer 500, and the server goes on", async () => {
    const url = await start(answer("/a", "fine"), () => {
      throw new Error("broken");
    });
    expect((await fetch(`${url}/b`)).status).toBe(500);
    expect(await (await fetch(`${url}/a`)).text()).toBe("fine");
  });

  test.each(HTTP_VERSIONS)(
    "that throw in the middle of a response break it off (%s)",
    async (_version, open) => {
      await start((_request, response) => {
        response.write("half");
        throw new Error("broken");
      });
      await expect(send(open, server.port, { path: "/" })).rejects.toThrow();
    },
  );

  test("of RPCs answer 400 to a request without a usable authority", async () => {
    await start(createRpcHandler(createScriptedService().service));
    const connection = await connectRaw(server.port);
    const path = "/ai.h2o.engine.sandbox.v1.ProcessService/GetProcess";
    connection.socket.write(
      `POST ${path} HTTP/1.1\r\nHost: a b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    const received = await connection.receivedUntilClosed();
    expect(received.toString()).toMatch(/^HTTP\/1\.1 400 /);
  });
});
