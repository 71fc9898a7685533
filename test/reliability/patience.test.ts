import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type { ProcessClient, RetryEvent } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { clientVia, WAYS } from "./support/ways.js";

// Pauses that, as a rule, would reach far past the patience.
const MAX_OUTAGE_MS = 500;
const retry = { baseDelayMs: 60_000, maxDelayMs: 60_000, maxOutageMs: MAX_OUTAGE_MS };
// A timer may fire a little early.
const EARLY_MS = 5;

const OPERATIONS: readonly [string, (client: ProcessClient, name: string) => Promise<unknown>][] = [
  ["streamOutput", (client, name) => collect(client.streamOutput(name))],
  ["waitProcess", (client, name) => client.waitProcess(name)],
  ["waitProcessByPolling", (client, name) => client.waitProcessByPolling(name)],
];

describe.concurrent.each(WAYS)(
  "patience with an outage, over $protocol and HTTP/$httpVersion",
  (way) => {
    it.each(OPERATIONS)("%s has a last attempt when it ends, and not before", async (_, run) => {
      await using stub = await startStubServer();
      const retries: RetryEvent[] = [];
      await using client = clientVia(stub, stub, way, {
        retry,
        onRetry: (event) => retries.push(event),
      });
      const { name } = await client.createProcess(stub.parent, shell("echo done"));
      await stub.stop();
      const began = performance.now();
      const error = await rejection(run(client, name));
      expect(performance.now() - began).toBeGreaterThan(MAX_OUTAGE_MS - EARLY_MS);
      expect(error).toMatchObject({ code: Code.Unavailable });
      const pauses = retries.reduce((sum, { delayMs }) => sum + delayMs, 0);
      expect(pauses).toBeLessThanOrEqual(MAX_OUTAGE_MS);
      expect(retries.map((event) => event.error)).not.toContain(error);
    });

    it.each(OPERATIONS)("%s meets a server that is back by then", async (_, run) => {
      await using stub = await startStubServer();
      let back: Promise<void> | undefined;
      await using client = clientVia(stub, stub, way, {
        retry,
        onRetry: () => {
          back ??= stub.listen();
        },
      });
      const spec = shell("echo done");
      const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
      await client.waitProcess(name);
      await stub.stop();
      await expect(run(client, name)).resolves.toBeDefined();
      expect(back).toBeDefined();
      await back;
    });
  },
);
