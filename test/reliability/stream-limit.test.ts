import { describe, expect, it } from "vitest";
import { startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { shell } from "../support/commands.js";
import { texts } from "../support/output.js";
import { CutProxy } from "./support/cut-proxy.js";
import { clientVia, FAST_RETRY, WAYS } from "./support/ways.js";

const FOLLOWERS = 300;
// A call that waits for a follower waits for ever.
const MOST_MS = 20_000;
const SPEC = shell("trap 'echo end; exit 0' TERM; echo begin; while :; do sleep 0.05; done");

describe.each(WAYS)("300 followers, over $protocol and HTTP/$httpVersion", (way) => {
  const title = "keep no other call waiting, though the server allows 100 streams a connection";
  it(title, { timeout: 90_000 }, async ({ annotate }) => {
    await using stub = await startStubServer({ maxConcurrentStreams: 100 });
    await using proxy = await CutProxy.start(stub.port);
    const retry = { ...FAST_RETRY, maxAttempts: 1 };
    await using client = clientVia(proxy, stub, way, { retry });
    const { name } = await client.createProcess(stub.parent, SPEC, { autoRun: true });
    let began = 0;
    const followers = Array.from({ length: FOLLOWERS }, async () => {
      const chunks = [];
      for await (const chunk of client.streamOutput(name)) {
        began += chunks.length === 0 ? 1 : 0;
        chunks.push(chunk);
      }
      return texts(chunks).stdout;
    });
    const slowest = async () => {
      const times = await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          const start = performance.now();
          await (n % 5 === 0
            ? client.createProcess(stub.parent, { command: "/bin/true" })
            : client.getProcess(name));
          return performance.now() - start;
        }),
      );
      return Math.max(...times);
    };
    // While they are opened, and while all of them are open.
    const opening = await slowest();
    await expect.poll(() => began).toBe(FOLLOWERS);
    const open = await slowest();
    await client.sendSignal(name, "SIGTERM");
    expect(new Set(await Promise.all(followers))).toEqual(new Set(["begin\nend\n"]));
    await annotate(`slowest call ${opening.toFixed()} ms, then ${open.toFixed()} ms`);
    expect(opening).toBeLessThan(MOST_MS);
    expect(open).toBeLessThan(MOST_MS);
    if (way.httpVersion === "2") {
      // 90 followers each, and 10 streams left for short calls.
      expect(proxy.connections).toBe(4);
    }
  });

  it("all go on after their connections broke", { timeout: 90_000 }, async () => {
    await using stub = await startStubServer({ maxConcurrentStreams: 100 });
    await using proxy = await CutProxy.start(stub.port);
    await using direct = clientVia(stub, stub, way);
    await using client = clientVia(proxy, stub, way);
    const { name } = await client.createProcess(stub.parent, SPEC, { autoRun: true });
    let began = 0;
    const followers = Array.from({ length: FOLLOWERS }, async () => {
      const output = client.streamOutput(name);
      const iterator = output[Symbol.asyncIterator]();
      const first = await iterator.next();
      began += 1;
      const rest = await collect({ [Symbol.asyncIterator]: () => iterator });
      return texts([...(first.done ? [] : [first.value]), ...rest]).stdout;
    });
    await expect.poll(() => began).toBe(FOLLOWERS);
    proxy.cutAll("RST");
    // Not over the same client: a signal that a broken connection may have carried is an error.
    await direct.sendSignal(name, "SIGTERM");
    expect(new Set(await Promise.all(followers))).toEqual(new Set(["begin\nend\n"]));
  });
});
