import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Code, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../support/create-transport.js";
import { closing } from "./support/cleanup.js";
import { PROCESS } from "./support/process-name.js";

const PATH = fileURLToPath(new URL("fixtures/servers.mjs", import.meta.url));
const servers = fork(PATH, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
let ports: { grpc: number; connect: number; rest: number; silent: number };

beforeAll(async () => {
  if (!servers.stdout) {
    throw new Error("no stdout");
  }
  const [line] = await once(servers.stdout, "data");
  ports = JSON.parse(String(line));
});

afterAll(async () => {
  const exit = once(servers, "exit");
  servers.disconnect();
  await exit;
});

/** The sockets that keep this process alive. */
function keepingAlive(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|Pipe)/.test(name)).length;
}

describe("a script that has finished its calls ends, because", () => {
  test.each([
    { protocol: "grpc", httpVersion: "2" },
    { protocol: "connect", httpVersion: "1.1" },
    { protocol: "rest", httpVersion: "1.1" },
  ] as const)("an idle connection does not keep it alive ($protocol)", async (options) => {
    const before = keepingAlive();
    const aiemUrl = `http://127.0.0.1:${ports[options.protocol]}`;
    const { transport } = closing(createTransport({ aiemUrl }, options));
    const client = createClient(ProcessService, transport);
    for (let i = 0; i < 2; i++) {
      await client.getProcess({ name: PROCESS });
      await expect.poll(keepingAlive).toBe(before);
      // A call that is open does.
      const abort = new AbortController();
      const end = expect(
        client.waitProcess({ name: PROCESS }, { signal: abort.signal }),
      ).rejects.toMatchObject({ code: Code.Canceled });
      await expect.poll(keepingAlive).toBeGreaterThan(before);
      abort.abort();
      await end;
      await expect.poll(keepingAlive).toBe(before);
    }
  });

  test("a connection in the making that nobody waits for does not either", async () => {
    const before = keepingAlive();
    const aiemUrl = `http://127.0.0.1:${ports.silent}`;
    const { transport } = closing(createTransport({ aiemUrl }));
    const client = createClient(ProcessService, transport);
    const abort = new AbortController();
    const end = expect(
      client.getProcess({ name: PROCESS }, { signal: abort.signal }),
    ).rejects.toMatchObject({ code: Code.Canceled });
    await expect.poll(keepingAlive).toBeGreaterThan(before);
    abort.abort();
    await end;
    await expect.poll(keepingAlive).toBe(before);
    // Somebody waits again.
    const again = new AbortController();
    const next = expect(
      client.getProcess({ name: PROCESS }, { signal: again.signal }),
    ).rejects.toMatchObject({ code: Code.Canceled });
    await expect.poll(keepingAlive).toBeGreaterThan(before);
    again.abort();
    await next;
  });
});
