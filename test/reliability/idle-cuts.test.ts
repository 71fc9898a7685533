import { describe, expect, it } from "vitest";
import { startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { shell } from "../support/commands.js";
import { texts } from "../support/output.js";
import { CutProxy } from "./support/cut-proxy.js";
import { clientVia, FAST_RETRY, WAYS } from "./support/ways.js";

// Silent for much longer than the patience with an outage.
const SILENT = shell("sleep 7; echo end");
const OUTPUT = { stdout: "end\n", stderr: "" };
const retry = { ...FAST_RETRY, maxOutageMs: 3_000 };
// Longer than what is a routine cut: a quarter of the patience.
const CUT_EVERY_MS = 1_500;

describe.concurrent.each(WAYS)(
  "a proxy that cuts what is idle, over $protocol and HTTP/$httpVersion",
  (way) => {
    it.each(["FIN", "RST"] as const)(
      "by %s, ends no follow and no wait for a silent process",
      async (how) => {
        await using stub = await startStubServer();
        await using proxy = await CutProxy.start(stub.port);
        await using client = clientVia(proxy, stub, way, { retry });
        const { name } = await client.createProcess(stub.parent, SILENT, { autoRun: true });
        const cutting = setInterval(() => proxy.cutAll(how), CUT_EVERY_MS);
        try {
          const waiting = client.waitProcess(name);
          expect(texts(await collect(client.streamOutput(name)))).toEqual(OUTPUT);
          expect(await waiting).toMatchObject({ exitCode: 0 });
          expect(proxy.connections).toBeGreaterThan(3);
        } finally {
          clearInterval(cutting);
        }
      },
    );

    it("by HTTP 504, ends no follow and no wait for a silent process", async () => {
      await using stub = await startStubServer();
      await using client = clientVia(stub, stub, way, { retry });
      const { name } = await client.createProcess(stub.parent, SILENT, { autoRun: true });
      for (const method of ["StreamOutput", "WaitProcess"] as const) {
        for (let nth = 1; nth <= 4; nth += 1) {
          stub.faults.add({ method, nth, fault: "delay", ms: CUT_EVERY_MS });
          stub.faults.add({ method, nth, fault: "http", status: 504 });
        }
      }
      const waiting = client.waitProcess(name);
      expect(texts(await collect(client.streamOutput(name)))).toEqual(OUTPUT);
      expect(await waiting).toMatchObject({ exitCode: 0 });
      expect(stub.faults.calls("StreamOutput")).toBeGreaterThan(4);
    });
  },
);
