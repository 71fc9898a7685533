import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { startHttpServer } from "../../src/stub/server/http-server.js";
import { createRpcHandler } from "../../src/stub/server/rpc-handler.js";
import { createFlood, type Flood } from "../support/flood.js";
import { startGrpcJsServer } from "../support/grpc-js/grpc-js-server.js";
import { createGrpcJsTransport } from "../support/grpc-js/grpc-js-transport.js";

const name = "workspaces/w/sandboxEngines/e/processes/p";
// Windows and queues of both sides together; a reader that does not hold the server back would let
// it send gigabytes in the time of these tests.
const MOST_UNDER_WAY = 32 * 1024 * 1024;

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) {
    await close();
  }
  closers = [];
});

async function grpcJsInFront({ service }: Flood): Promise<ProcessClient> {
  const server = await startHttpServer(0, { handlers: [createRpcHandler(service)] });
  const transport = createGrpcJsTransport(`127.0.0.1:${server.port}`);
  const client = new ProcessClient({ transport });
  closers.push(
    () => server.stop(),
    () => transport.close(),
    () => client.close(),
  );
  return client;
}

async function grpcJsBehind({ service }: Flood): Promise<ProcessClient> {
  const server = await startGrpcJsServer(service);
  const client = new ProcessClient({ contract: "built-in", aiemUrl: `http://${server.address}` });
  closers.push(
    () => server[Symbol.asyncDispose](),
    () => client.close(),
  );
  return client;
}

describe.each([
  ["grpc-js as the client", grpcJsInFront],
  ["grpc-js as the server", grpcJsBehind],
])("with %s", (_title, connect) => {
  it("a reader that pauses holds the server back, and goes on where it was", async () => {
    const flood = createFlood();
    const client = await connect(flood);
    let read = 0;
    for await (const { data, offset } of client.streamOutput(name)) {
      expect(offset).toBe(read);
      read += data.length;
      if (read === data.length) {
        await delay(300);
        const held = flood.sentBytes();
        expect(held).toBeLessThan(MOST_UNDER_WAY);
        await delay(300);
        expect(flood.sentBytes()).toBe(held);
      }
      if (read > 2 * MOST_UNDER_WAY) {
        break;
      }
    }
    expect(flood.sentBytes()).toBeGreaterThan(read - 1);
  });

  it("a reader that leaves, or whose signal aborts, ends the call at the server", async () => {
    const flood = createFlood();
    const client = await connect(flood);
    for await (const _chunk of client.streamOutput(name)) {
      expect(flood.followers()).toBe(1);
      break;
    }
    await expect.poll(() => flood.followers()).toBe(0);

    const controller = new AbortController();
    const following = async () => {
      for await (const _chunk of client.streamOutput(name, { signal: controller.signal })) {
        controller.abort("enough");
      }
    };
    await expect(following()).rejects.toBe("enough");
    await expect.poll(() => flood.followers()).toBe(0);
  });
});
