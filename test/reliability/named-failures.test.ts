import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type { ProcessClient, RetryEvent } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { fixture, shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { clientVia, FAST_RETRY, WAYS } from "./support/ways.js";

const CALLS: readonly [string, (client: ProcessClient, name: string) => Promise<unknown>][] = [
  ["StartProcess", (client, name) => client.startProcess(name)],
  ["GetProcess", (client, name) => client.getProcess(name)],
  ["SendSignal", (client, name) => client.sendSignal(name, 15)],
  ["WaitProcess", (client, name) => client.waitProcess(name)],
  ["ReadOutput", (client, name) => client.readOutput(name)],
  ["StreamOutput", (client, name) => collect(client.streamOutput(name))],
];

describe.concurrent.each(WAYS)(
  "a failure of the network, over $protocol and HTTP/$httpVersion",
  (way) => {
    it.each(CALLS)("names the call: %s of which process", async (method, call) => {
      await using stub = await startStubServer();
      await using before = clientVia(stub, stub, way);
      await using client = clientVia(stub, stub, way, { retry: false });
      const { name } = await before.createProcess(stub.parent, shell("echo done"));
      await stub.stop();
      const error = await rejection(call(client, name));
      expect(error).toMatchObject({
        code: Code.Unavailable,
        rawMessage: `${method} of ${name}: cannot connect to ${stub.url}: connection refused; check the address, and that a server listens there`,
        cause: { code: "ECONNREFUSED" },
      });
    });

    it("tells the name of a process that runProcess made and lost", async () => {
      await using stub = await startStubServer();
      const retries: RetryEvent[] = [];
      await using client = clientVia(stub, stub, way, {
        retry: { ...FAST_RETRY, maxOutageMs: 100 },
        onRetry: (event) => retries.push(event),
      });
      const running = rejection(client.runProcess(stub.parent, fixture("ticks.js", "1000")));
      await expect.poll(() => stub.faults.calls("StreamOutput")).toBeGreaterThan(0);
      await stub.stop();
      const error = await running;
      const made = /of (workspaces\/\S+\/processes\/[\w-]+): cannot connect to /.exec(`${error}`);
      expect(made).not.toBeNull();
      for (const event of retries) {
        expect(event).toMatchObject({
          resource: made?.[1],
          error: { rawMessage: expect.stringContaining(`${event.method} of ${event.resource}: `) },
        });
      }
      await stub.listen();
      expect(await client.getProcess(made?.[1] ?? "")).toMatchObject({ state: "STATE_RUNNING" });
    });

    it("names it once where the effect is not known either", async () => {
      await using stub = await startStubServer();
      await using client = clientVia(stub, stub, way, { retry: false });
      stub.faults.add({ method: "CreateProcess", fault: "reset", at: "before" });
      stub.faults.add({ method: "GetProcess", fault: "close", nth: "every" });
      const error = await rejection(client.createProcess(stub.parent, shell("echo done")));
      expect(error).toMatchObject({
        rawMessage: expect.stringMatching(
          /^CreateProcess of (\S+): .*; whether it had its effect is not known, since the process could not be looked at: GetProcess of \1: /,
        ),
      });
    });

    it("keeps the metadata and the details of a server that cannot answer now", async () => {
      await using stub = await startStubServer();
      await using client = clientVia(stub, stub, way, { retry: false });
      const { name } = await client.createProcess(stub.parent, shell("echo done"));
      stub.faults.add({
        method: "*",
        nth: "every",
        fault: "status",
        code: Code.Unavailable,
        message: "moving",
        metadata: { "x-where": "elsewhere" },
        details: [{ desc: DurationSchema, value: { seconds: 7n } }],
      });
      for (const [method, call] of CALLS.filter(([one]) => /GetP|Stream/.test(one))) {
        const error = ConnectError.from(await rejection(call(client, name)));
        expect(error).toMatchObject({
          code: Code.Unavailable,
          rawMessage: `${method} of ${name}: moving`,
        });
        expect(error.metadata.get("x-where")).toBe("elsewhere");
        expect(error.findDetails(DurationSchema)).toMatchObject([{ seconds: 7n }]);
      }
    });

    it("is not what a server says about the process: that stays as it is", async () => {
      await using stub = await startStubServer();
      await using client = clientVia(stub, stub, way, { retry: false });
      const { name } = await client.createProcess(stub.parent, shell("echo done"));
      stub.faults.add({
        method: "*",
        nth: "every",
        fault: "status",
        code: Code.NotFound,
        message: "?",
      });
      for (const [, call] of CALLS) {
        const said = { code: Code.NotFound, rawMessage: "?" };
        expect(await rejection(call(client, name))).toMatchObject(said);
      }
    });
  },
);
