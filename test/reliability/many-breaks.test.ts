import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type { OutputChunk, ResumeEvent, RetryEvent } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { until } from "../support/until.js";
import { CutProxy } from "./support/cut-proxy.js";
import { difference, truthOf } from "./support/truth.js";
import { clientVia, FAST_RETRY, WAYS } from "./support/ways.js";

const BREAKS = 60;
// Counts until it is told to end: one line to each stream in turn, so that both are replayed.
const COUNTING = shell(
  "trap 'exit 0' TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.005; echo $i >&2; sleep 0.005; done",
);

describe.each(WAYS)("a follow over $protocol and HTTP/$httpVersion", (way) => {
  it("survives 60 breaks with progress in between, and tells each and its replay", async () => {
    await using stub = await startStubServer();
    await using direct = clientVia(stub, stub, way);
    await using proxy = await CutProxy.start(stub.port);
    const { name } = await direct.createProcess(stub.parent, COUNTING, { autoRun: true });
    const resumes: (ResumeEvent & { readonly delivered: number })[] = [];
    let delivered = 0;
    // Less patience than all the breaks together take.
    const maxOutageMs = 300;
    await using client = clientVia(proxy, stub, way, {
      retry: { ...FAST_RETRY, maxOutageMs },
      onResume: (event) => resumes.push({ ...event, delivered }),
    });

    const began = performance.now();
    const chunks: OutputChunk[] = [];
    let ending: Promise<unknown> | undefined;
    for await (const chunk of client.streamOutput(name)) {
      chunks.push(chunk);
      delivered += chunk.data.length;
      if (resumes.length < BREAKS) {
        proxy.cutAll(resumes.length % 2 === 0 ? "FIN" : "RST");
      } else {
        ending ??= direct.sendSignal(name, "SIGTERM");
      }
    }
    await ending;

    expect(performance.now() - began).toBeGreaterThan(maxOutageMs);
    expect(difference(chunks, await truthOf(direct, name))).toBeUndefined();
    expect(resumes).toHaveLength(BREAKS);
    for (const resume of resumes) {
      expect(resume.resource).toBe(name);
      expect(resume.error).toMatchObject({ code: Code.Unavailable });
    }
    expect(resumes.map(({ replayedBytes }) => replayedBytes)).toEqual(
      resumes.map((resume) => resume.delivered),
    );
  });

  it("ends with the last error when its patience is over, and not before", async () => {
    await using stub = await startStubServer();
    const retries: RetryEvent[] = [];
    const maxOutageMs = 200;
    await using client = clientVia(stub, stub, way, {
      retry: { ...FAST_RETRY, maxOutageMs },
      onRetry: (event) => retries.push(event),
    });
    const { name } = await client.createProcess(stub.parent, COUNTING, { autoRun: true });
    const following = client.streamOutput(name)[Symbol.asyncIterator]();
    await following.next();
    const began = performance.now();
    await stub.stop();
    const error = await rejection(collect({ [Symbol.asyncIterator]: () => following }));
    // A timer may fire a little early.
    expect(performance.now() - began).toBeGreaterThan(maxOutageMs - 5);
    expect(error).toMatchObject({
      code: Code.Unavailable,
      rawMessage: expect.stringContaining("connection refused; check the address"),
    });
    expect(retries.length).toBeGreaterThan(3);
    // A stream that had lived for a while is followed by a look first.
    const method = expect.stringMatching(/^(StreamOutput|GetProcess)$/);
    expect(retries[0]).toMatchObject({ method, resource: name, failures: 1 });
    expect(retries.map(({ failures }) => failures)).toEqual(retries.map((_, n) => n + 1));
    expect(retries.map((retry) => retry.error)).not.toContain(error);
  });

  it("shows the first break with retry: false", async () => {
    await using stub = await startStubServer();
    await using proxy = await CutProxy.start(stub.port);
    await using client = clientVia(proxy, stub, way, { retry: false });
    const { name } = await client.createProcess(stub.parent, COUNTING, { autoRun: true });
    const following = until(client.streamOutput(name), (read) => {
      if (read.length === 2) {
        proxy.cutAll("FIN");
      }
      return false;
    });
    expect(await rejection(following)).toMatchObject({
      code: Code.Unavailable,
      rawMessage: expect.stringMatching(`^StreamOutput of ${name}: connection lost: http:`),
    });
  });
});
