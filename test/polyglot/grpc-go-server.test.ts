import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { type ClientOptions, ProcessClient, type RetryEvent } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { defineCoreSuite } from "../contract/core-suite.js";
import { FOREVER, shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { closing } from "../transport/support/cleanup.js";
import { grpcGoTarget, startGrpcGo } from "./support/grpc-go-target.js";

const found = inject("grpcGo");
const program = "server" in found ? found.server : "";
// The title takes the reason into the report, from which the last lines of a run are made.
const untested = "missing" in found ? ` (not tested: ${found.missing})` : "";

// Slices of 1.2 s, for which the spread is taken to -96 %.
const SHORT_SLICES = -1.9;

async function open(options: ClientOptions) {
  const stub = closing(await startStubServer());
  const server = await startGrpcGo(program, new URL(stub.url).host);
  closing({ close: () => server[Symbol.asyncDispose]() });
  const retries: RetryEvent[] = [];
  const client = closing(
    new ProcessClient(
      { aiemUrl: server.url, tokenProvider: stub.token },
      { protocol: "grpc", ...options, onRetry: (event) => retries.push(event) },
    ),
  );
  return { stub, client, retries };
}

describe.skipIf("missing" in found)(`a server on grpc-go${untested}`, () => {
  defineCoreSuite(grpcGoTarget(program, "gRPC, with grpc-go as the server"));

  // grpc-go (1.83 and later) ends a call whose deadline has passed by RST_STREAM(CANCEL), without a
  // status: a wait took the end of each slice for a lost connection.
  describe.each<[title: string, options: ClientOptions]>([
    ["without retries", { retry: false }],
    ["with retries", {}],
  ])("a wait of several slices, %s", (_, options) => {
    afterEach(() => {
      vi.restoreAllMocks();
    });

    test("gives the finished process, and has no failure", async () => {
      const { stub, client, retries } = await open(options);
      const spec = shell("sleep 3.2; exit 9");
      const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
      vi.spyOn(Math, "random").mockReturnValue(SHORT_SLICES);
      expect(await client.waitProcess(name)).toMatchObject({ state: "STATE_FAILED", exitCode: 9 });
      expect(stub.faults.calls("WaitProcess")).toBeGreaterThanOrEqual(3);
      expect(retries).toEqual([]);
    });

    test("ends with WaitTimeoutError at its limit", async () => {
      const { stub, client, retries } = await open(options);
      const { name } = await client.createProcess(stub.parent, FOREVER, { autoRun: true });
      vi.spyOn(Math, "random").mockReturnValue(SHORT_SLICES);
      const error = await rejection(client.waitProcess(name, { timeoutMs: 3_000 }));
      expect(error).toMatchObject({
        name: "WaitTimeoutError",
        process: { state: "STATE_RUNNING" },
      });
      expect(stub.faults.calls("WaitProcess")).toBeGreaterThanOrEqual(2);
      expect(retries).toEqual([]);
    });
  });
});
