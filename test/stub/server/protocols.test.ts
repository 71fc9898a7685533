import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { ProcessService } from "../../../src/gen.js";
import { PROTOCOLS, type TestTransport } from "./protocols.js";
import { type ScriptedServer, startScriptedServer } from "./scripted-server.js";

describe("one port", () => {
  let server: ScriptedServer;
  const transports: TestTransport[] = [];

  beforeAll(async () => {
    server = await startScriptedServer();
  });
  afterEach(() => {
    for (const transport of transports.splice(0)) {
      transport.close();
    }
  });
  afterAll(() => server.stop());

  describe.each(PROTOCOLS)("%s", (_name, connect) => {
    function client() {
      const transport = connect(server.url);
      transports.push(transport);
      return createClient(ProcessService, transport.transport);
    }

    test("answers a unary call", async () => {
      const { process } = await client().getProcess({ name: "here" });
      expect(process?.name).toBe("here");
    });

    test("tells the code and the message of an error", async () => {
      const error = await client()
        .getProcess({ name: "missing" })
        .catch((reason: unknown) => ConnectError.from(reason));
      expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "no such process: missing" });
    });

    test("sends a response of 5 MiB in one message", async () => {
      const bytes = 5 * 1024 * 1024;
      const { data } = await client().readOutput({ name: String(bytes) });
      expect(data.length).toBe(bytes);
    });

    test("ends a call at its deadline", async () => {
      const wait = client().waitProcess({}, { timeoutMs: 50 });
      await expect(wait).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    });

    test.each(["follow", "flood"])(
      "tells the service of a cancelled stream (%s), and prints nothing",
      async (name) => {
        const printed = (["log", "warn", "error", "debug"] as const).map((method) =>
          vi.spyOn(console, method),
        );
        const before = server.aborts.length;
        const controller = new AbortController();
        const stream = client().streamOutput({ name }, { signal: controller.signal });
        const iterator = stream[Symbol.asyncIterator]();
        expect((await iterator.next()).done).toBe(false);
        expect(server.following()).toBe(1);
        controller.abort();
        await expect.poll(() => server.following()).toBe(0);
        expect(server.aborts.length).toBe(before + 1);
        await iterator.next().catch(() => {});
        for (const spy of printed) {
          expect(spy).not.toHaveBeenCalled();
          spy.mockRestore();
        }
      },
    );
  });

  test("takes all protocols at the same time", async () => {
    const names = await Promise.all(
      PROTOCOLS.map(async ([name, connect]) => {
        const transport = connect(server.url);
        transports.push(transport);
        const client = createClient(ProcessService, transport.transport);
        return (await client.getProcess({ name })).process?.name;
      }),
    );
    expect(names).toEqual(PROTOCOLS.map(([name]) => name));
  });

  test("answers GET /version without a token, over HTTP/1.1", async () => {
    const response = await fetch(`${server.url}/version?verbose=1`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ version: "1.2.3" });
  });

  test.each(["/", "/nothing", "/ai.h2o.engine.sandbox.v1.ProcessService/DeleteProcess"])(
    "answers 404 for the unknown path %s",
    async (path) => {
      const response = await fetch(`${server.url}${path}`, { body: "x", method: "POST" });
      expect(response.status).toBe(404);
    },
  );

  test("answers 404 for POST /version", async () => {
    const response = await fetch(`${server.url}/version`, { method: "POST" });
    expect(response.status).toBe(404);
  });
});
