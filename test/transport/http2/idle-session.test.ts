import { createClient } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { followForever } from "../support/follow.js";
import { startProcessServer } from "../support/process-server.js";

afterEach(() => {
  vi.useRealTimers();
});

async function start() {
  const service = { getProcess: () => ({}), streamOutput: followForever };
  const server = closing(await startProcessServer({ service }));
  const { transport } = closing(createTransport({ aiemUrl: server.url }));
  return { server, client: createClient(ProcessService, transport) };
}

// The stream is let go a moment after its answer, and the timer of idleness starts then.
async function idle() {
  await expect.poll(() => vi.getTimerCount()).toBe(1);
}

test("a connection that is idle for 45 s is closed", async () => {
  const { server, client } = await start();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await client.getProcess({ name: "p" });
  await idle();
  vi.advanceTimersByTime(44_000);
  await client.getProcess({ name: "p" });
  await idle();
  expect(server.sessions).toHaveLength(1);
  vi.advanceTimersByTime(46_000);
  vi.useRealTimers();
  await expect.poll(() => server.sockets.size).toBe(0);
  await client.getProcess({ name: "p" });
  expect(server.sessions).toHaveLength(2);
});

test("one with an open call is not", async () => {
  const { server, client } = await start();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await client.streamOutput({ name: "p" })[Symbol.asyncIterator]().next();
  vi.advanceTimersByTime(500_000);
  vi.useRealTimers();
  await client.getProcess({ name: "p" });
  expect(server.sessions).toHaveLength(1);
});

test("after a sleep of the machine an idle connection is not trusted", async () => {
  const { server, client } = await start();
  await client.getProcess({ name: "p" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  // The clock goes on while timers stand still.
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 3_600_000);
  await client.getProcess({ name: "p" });
  expect(server.sessions).toHaveLength(2);
  await expect.poll(() => server.sockets.size).toBe(1);
});
