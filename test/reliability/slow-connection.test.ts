import { describe, expect, it } from "vitest";
import type { RetryEvent } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { shell } from "../support/commands.js";
import { CutProxy } from "./support/cut-proxy.js";
import { clientVia, WAYS } from "./support/ways.js";

// Over HTTP/1.1 a request is sent as soon as TCP has connected.
const OVER_HTTP2 = WAYS.filter(({ httpVersion }) => httpVersion === "2");

describe.each(OVER_HTTP2)(
  "a connection that takes longer than a call has, over $protocol",
  (way) => {
    it("has not seen the call, so that even a signal is sent again", async () => {
      await using stub = await startStubServer();
      await using direct = clientVia(stub, stub, way);
      await using proxy = await CutProxy.start(stub.port);
      const spec = shell("exec sleep 60");
      const { name } = await direct.createProcess(stub.parent, spec, { autoRun: true });
      proxy.restart((nth) => (nth === 0 ? { stallAfterBytes: 0 } : undefined));
      const retries: RetryEvent[] = [];
      await using client = clientVia(proxy, stub, way, {
        attemptTimeoutMs: 2_000,
        connectTimeoutMs: 3_000,
        onRetry: (event) => retries.push(event),
      });
      await client.sendSignal(name, "SIGTERM");
      expect(stub.faults.calls("SendSignal")).toBe(1);
      expect(String(retries[0]?.error)).toMatch(
        /SendSignal of \S+ could not be sent within 2000 ms$/,
      );
      expect(await direct.waitProcess(name)).toMatchObject({ exitCode: 143 });
    });
  },
);
