import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OutputChunk, type OutputPosition, ReplayStalledError } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { CutProxy } from "./support/cut-proxy.js";
import { printer, type Write } from "./support/printer.js";
import type { ConnectionScript } from "./support/proxy-link.js";
import { difference, truthOf } from "./support/truth.js";
import { clientVia, WAYS } from "./support/ways.js";

const writes = fc.array(
  fc.record<Write>({ fd: fc.constantFrom(1, 2), data: fc.uint8Array({ maxLength: 400 }) }),
  { minLength: 1, maxLength: 8 },
);
const cuts = fc.array(
  fc.record<ConnectionScript>({
    cutAfterBytes: fc.nat(3000),
    how: fc.constantFrom("FIN", "RST"),
  }),
  { minLength: 1, maxLength: 8 },
);

describe.each(WAYS)("a follow over $protocol and HTTP/$httpVersion", (way) => {
  it("delivers each byte once, whatever several cuts leave of its connections", async () => {
    await using stub = await startStubServer();
    await using direct = clientVia(stub, stub, way);
    await using proxy = await CutProxy.start(stub.port);

    await fc.assert(
      fc.asyncProperty(writes, cuts, fc.boolean(), async (output, script, live) => {
        const { name } = await direct.createProcess(stub.parent, printer(output));
        const started = direct.startProcess(name);
        if (!live) {
          await started;
          await direct.waitProcess(name);
        }
        proxy.restart((nth) => script[nth]);
        await using client = clientVia(proxy, stub, way);
        const chunks: OutputChunk[] = [];
        let resumeFrom: OutputPosition | undefined;
        for (let ended = false; !ended; ) {
          const following = client.streamOutput(name, { resumeFrom });
          try {
            for await (const chunk of following) {
              chunks.push(chunk);
            }
            ended = true;
          } catch (error) {
            // The only one allowed, and what it says to do then.
            expect(error).toBeInstanceOf(ReplayStalledError);
            expect(proxy.connections).toBeGreaterThanOrEqual(3);
            resumeFrom = following.position;
          }
        }
        await started;
        expect(difference(chunks, await truthOf(direct, name))).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });
});
