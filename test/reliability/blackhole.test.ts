import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { OutputChunk, ResumeEvent } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { fixture, shell } from "../support/commands.js";
import { texts } from "../support/output.js";
import { CutProxy } from "./support/cut-proxy.js";
import { difference, truthOf } from "./support/truth.js";
import { clientVia, WAYS } from "./support/ways.js";

// The silence, the 10 s that a probe has, and a busy machine.
const MOST_MS = 16_000;
const COUNTING = shell(
  "trap 'exit 0' TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done",
);
const AUTO_RUN = { autoRun: true };

describe.concurrent.each(WAYS)(
  "a connection that goes dead without a word, over $protocol and HTTP/$httpVersion",
  (way) => {
    it("is noticed by a follow, which goes on at the byte over another one", async ({
      annotate,
    }) => {
      await using stub = await startStubServer();
      await using direct = clientVia(stub, stub, way);
      await using proxy = await CutProxy.start(stub.port);
      const resumes: ResumeEvent[] = [];
      await using client = clientVia(proxy, stub, way, {
        idleTimeoutMs: 1_000,
        onResume: (event) => resumes.push(event),
      });
      const { name } = await direct.createProcess(stub.parent, COUNTING, AUTO_RUN);
      const chunks: OutputChunk[] = [];
      let stalled = 0;
      let noticedMs = 0;
      for await (const chunk of client.streamOutput(name)) {
        chunks.push(chunk);
        if (chunks.length === 3) {
          proxy.stallAll();
          stalled = performance.now();
        }
        if (resumes.length === 1 && noticedMs === 0) {
          noticedMs = performance.now() - stalled;
          await direct.sendSignal(name, "SIGTERM");
        }
      }
      await annotate(`noticed after ${noticedMs.toFixed()} ms`);
      expect(noticedMs).toBeLessThan(MOST_MS);
      expect(resumes).toHaveLength(1);
      expect(difference(chunks, await truthOf(direct, name))).toBeUndefined();
    });

    it("is noticed by a wait", async ({ annotate }) => {
      await using stub = await startStubServer();
      await using direct = clientVia(stub, stub, way);
      await using proxy = await CutProxy.start(stub.port);
      await using client = clientVia(proxy, stub, way);
      const spec = shell("sleep 0.3; exit 3");
      const { name } = await direct.createProcess(stub.parent, spec, AUTO_RUN);
      // A slice of the wait ends with its limit, or else after half a minute.
      const waiting = client.waitProcess(name, { timeoutMs: 3_000 });
      while (stub.faults.calls("WaitProcess") === 0) {
        await sleep(5);
      }
      proxy.stallAll();
      const stalled = performance.now();
      expect(await waiting).toMatchObject({ exitCode: 3 });
      const noticedMs = performance.now() - stalled;
      await annotate(`noticed after ${noticedMs.toFixed()} ms`);
      // The limit, and 5 s for the server to end the slice.
      expect(noticedMs).toBeLessThan(MOST_MS + 6_000);
    });

    it("is left after one short call, or look, that is not answered in time", async () => {
      await using stub = await startStubServer();
      await using direct = clientVia(stub, stub, way);
      await using proxy = await CutProxy.start(stub.port);
      let retries = 0;
      await using client = clientVia(proxy, stub, way, {
        attemptTimeoutMs: 2_000,
        onRetry: () => {
          retries += 1;
        },
      });
      const ticks = fixture("ticks.js", "20");
      const { name } = await direct.createProcess(stub.parent, ticks, AUTO_RUN);
      await client.getProcess(name);
      proxy.stallAll();
      expect(await client.getProcess(name)).toMatchObject({ name });
      proxy.stallAll();
      const options = { pollIntervalSeconds: 0.05, timeoutSeconds: 30 };
      expect(await client.waitProcessByPolling(name, options)).toMatchObject({ exitCode: 0 });
      proxy.stallAll();
      // Its limit leaves no time for a second attempt.
      await client.getProcess(name, { timeoutMs: 2_050 }).catch(() => undefined);
      retries = 0;
      expect(await client.getProcess(name)).toMatchObject({ name });
      expect(retries).toBe(0);
    });

    it("is not what a silent process is taken for", async () => {
      await using stub = await startStubServer();
      await using client = clientVia(stub, stub, way, { idleTimeoutMs: 200 });
      const spec = shell("echo begin; sleep 2; echo end");
      const { name } = await client.createProcess(stub.parent, spec, AUTO_RUN);
      expect(texts(await collect(client.streamOutput(name)))).toMatchObject({
        stdout: "begin\nend\n",
      });
      // HTTP/1.1 cannot ask on the same connection, so that it opens others, ever more seldom: after
      // 0.2, 0.6 and 1.4 s.
      const streams = stub.faults.calls("StreamOutput");
      expect(streams).toBeGreaterThan(way.httpVersion === "1.1" ? 1 : 0);
      expect(streams).toBeLessThanOrEqual(way.httpVersion === "1.1" ? 5 : 1);
    });
  },
);
