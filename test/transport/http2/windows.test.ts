import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { startProcessServer } from "../support/process-server.js";

const CHUNK_BYTES = 16 * 1024;

async function start(streamWindowBytes?: number) {
  let sent = 0;
  const server = closing(
    await startProcessServer({
      service: {
        async *streamOutput(_, context) {
          while (!context.signal.aborted) {
            yield { data: new Uint8Array(CHUNK_BYTES) };
            sent += CHUNK_BYTES;
          }
        },
        getProcess: () => ({}),
      },
    }),
  );
  const { transport } = closing(createTransport({ aiemUrl: server.url }, { streamWindowBytes }));
  const client = createClient(ProcessService, transport);
  return { server, client, sent: () => sent };
}

test.each([
  [undefined, 1024 * 1024],
  [256 * 1024, 256 * 1024],
])(
  "with streamWindowBytes %j a follower that does not read holds %i bytes",
  async (option, window) => {
    const { server, client, sent } = await start(option);
    await client.streamOutput({ name: "p" })[Symbol.asyncIterator]().next();
    let before = -1;
    while (before < sent()) {
      before = sent();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(server.sessions[0]?.remoteSettings.initialWindowSize).toBe(window);
    expect(sent()).toBeGreaterThan(window / 2);
    // Besides the window, both sides hold a few chunks in buffers of their own.
    expect(sent()).toBeLessThan(window + 512 * 1024);
  },
);

test("followers that do not read do not hold up other calls on their connection", async () => {
  const { server, client, sent } = await start();
  // Together they may be sent more than the connection's window of 16 MiB.
  await Promise.all(
    Array.from({ length: 20 }, () =>
      client.streamOutput({ name: "p" })[Symbol.asyncIterator]().next(),
    ),
  );
  await expect.poll(sent).toBeGreaterThan(17 * 1024 * 1024);
  await client.getProcess({ name: "p" });
  expect(server.sessions).toHaveLength(1);
  expect(server.sessions[0]?.state.remoteWindowSize).toBeGreaterThan(0);
});
