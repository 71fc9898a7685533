import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import { inspect } from "node:util";
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { type AttemptMessage, type CallMessage, Code, ProcessClient } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { CLIENTS, servedClient } from "../client/support/served-clients.js";
import { clientVia, FAST_RETRY, WAYS } from "../reliability/support/ways.js";
import { collect } from "../support/collect.js";
import { FOREVER, fixture, shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { Heard } from "./listen.js";

const SERVICE = "ai.h2o.engine.sandbox.v1.ProcessService";
const WHOLE = ["start", "end", "asyncStart", "asyncEnd"];
const FAILED = ["start", "end", "error", "asyncStart", "asyncEnd"];

describe.each(WAYS)("over $protocol and HTTP/$httpVersion, listeners are told", (way) => {
  it("of a call, its attempts, and why there is more than one", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    const { name } = await client.createProcess(stub.parent, shell("exit 0"));
    stub.faults.add({ method: "GetProcess", fault: "reset" });
    using heard = new Heard();
    await client.getProcess(name);

    const server = { protocol: way.protocol, address: "127.0.0.1", port: stub.port };
    const rpc = { method: "GetProcess", rpcMethod: `${SERVICE}/GetProcess`, resource: name };
    expect(heard.calls).toMatchObject([{ ...rpc, server, attempts: 2, cancelled: false }]);
    const [call] = heard.calls;
    expect(heard.attempts).toMatchObject([
      { ...rpc, server, number: 1, error: { code: Code.Unavailable } },
      { ...rpc, server, number: 2 },
    ]);
    const [first, second] = heard.attempts;
    expect(heard.attempts.map((attempt) => attempt.call)).toEqual([call, call]);
    expect(second?.error).toBeUndefined();
    expect(heard.retries).toMatchObject([{ ...rpc, failures: 1, server }]);
    expect(heard.retries[0]?.call).toBe(call);
    expect(call && heard.eventsOf(call)).toEqual(WHOLE);
    expect(first && heard.eventsOf(first)).toEqual(FAILED);
    expect(second && heard.eventsOf(second)).toEqual(WHOLE);
    expect(call?.http).toEqual(
      way.protocol === "rest" ? { url: `${stub.url}/v1/${name}`, status: 200 } : undefined,
    );
  });

  it("of a follow from its first chunk to its end, over its resumes", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    const spec = shell("printf 0123456789");
    const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
    await client.waitProcess(name);
    stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 4 } });
    using heard = new Heard();
    const output = client.streamOutput(name);
    expect(heard.calls).toEqual([]);
    await collect(output);

    expect(heard.calls.map(({ method }) => method)).toEqual(["StreamOutput", "GetProcess"]);
    const [follow, look] = heard.calls;
    const streams = heard.attempts.filter(({ method }) => method === "StreamOutput");
    expect(streams.map(({ call, number }) => [call, number])).toEqual([
      [follow, 1],
      [follow, 2],
    ]);
    expect(streams.map((stream) => heard.eventsOf(stream))).toEqual([FAILED, WHOLE]);
    expect(heard.resumes).toMatchObject([{ call: follow, resource: name, replayedBytes: 4 }]);
    expect(follow && heard.eventsOf(follow)).toEqual(WHOLE);
    const events = heard.told.filter(({ on }) => on === "call");
    expect(events.at(-1)).toMatchObject({ event: "asyncEnd", message: follow });
    expect(look?.error).toBeUndefined();
  });

  it("of a follow that was left as cancelled, at once", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    const spec = fixture("forever.js");
    const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
    using heard = new Heard();
    for await (const _ of client.streamOutput(name)) {
      break;
    }
    const [follow] = heard.calls;
    expect(follow).toMatchObject({ method: "StreamOutput", cancelled: true });
    expect(follow?.error).toBeUndefined();
    expect(follow && heard.eventsOf(follow)).toEqual(WHOLE);
    expect(heard.attempts).toMatchObject([{ cancelled: true }]);
    await client.sendSignal(name, "SIGKILL");
  });
});

describe("listeners are told", () => {
  it("of runProcess and terminateProcess, in whose context their calls run", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    const { name } = await client.createProcess(stub.parent, FOREVER, { autoRun: true });
    const parents = new AsyncLocalStorage<CallMessage>();
    const { start } = tracingChannel<CallMessage, CallMessage>("aiem-process-client:call");
    const tree: string[] = [];
    start.bindStore(parents, (message) => {
      tree.push(`${parents.getStore()?.method ?? "-"} > ${message.method}`);
      return message;
    });
    await client.runProcess(stub.parent, shell("echo hello"));
    await client.terminateProcess(name);
    start.unbindStore(parents);

    expect(tree).toEqual([
      "- > runProcess",
      "runProcess > CreateProcess",
      "runProcess > StreamOutput",
      "StreamOutput > GetProcess",
      "- > terminateProcess",
      "terminateProcess > SendSignal",
      "terminateProcess > WaitProcess",
    ]);
  });

  it("of all pages of a list as of one call", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    for (let i = 0; i < 3; i += 1) {
      await client.createProcess(stub.parent, shell("exit 0"));
    }
    using heard = new Heard();
    await collect(client.listAllProcesses(stub.parent, { pageSize: 1 }));
    expect(heard.calls).toMatchObject([{ method: "ListProcesses", attempts: 3 }]);
    expect(heard.calls[0] && heard.eventsOf(heard.calls[0])).toEqual(WHOLE);
    expect(heard.retries).toEqual([]);
  });

  it("of a wait and its looks: by polling they are one call", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    const { name } = await client.createProcess(stub.parent, FOREVER, { autoRun: true });
    using heard = new Heard();
    const polled = client.waitProcessByPolling(name, {
      timeoutSeconds: 0.05,
      pollIntervalSeconds: 0.02,
    });
    expect(await rejection(polled)).toMatchObject({ name: "WaitTimeoutError" });
    expect(await rejection(client.waitProcess(name, { timeoutMs: 1 }))).toMatchObject({
      name: "WaitTimeoutError",
    });
    const [polling, waiting] = heard.calls;
    expect(heard.calls.map(({ method }) => method)).toEqual([
      "GetProcess",
      "WaitProcess",
      "GetProcess",
    ]);
    expect(polling).toMatchObject({ error: { name: "WaitTimeoutError" } });
    expect(polling?.attempts).toBeGreaterThan(1);
    expect(waiting).toMatchObject({ error: { name: "WaitTimeoutError" }, cancelled: false });
  });

  it("of an abort as cancelled, and of a time that is over as an error", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    const { name } = await client.createProcess(stub.parent, FOREVER, { autoRun: true });
    stub.faults.add({ method: "GetProcess", nth: "every", fault: "hang" });
    using heard = new Heard();
    const reason = new Error("enough");
    const signal = AbortSignal.timeout(100);
    expect(await rejection(client.waitProcess(name, { signal }))).toBe(signal.reason);
    const got = client.getProcess(name, { timeoutMs: 50 });
    expect(await rejection(got)).toMatchObject({ code: Code.DeadlineExceeded });
    const run = client.runProcess(stub.parent, FOREVER, { signal: AbortSignal.abort(reason) });
    expect(await rejection(run)).toBe(reason);
    const [waiting, getting, running] = heard.calls;
    expect(waiting).toMatchObject({ method: "WaitProcess", cancelled: true });
    expect(waiting?.error).toBeUndefined();
    expect(getting).toMatchObject({ cancelled: false, error: { code: Code.DeadlineExceeded } });
    expect(running).toMatchObject({ method: "runProcess", cancelled: true });
  });

  it("of attempts and their calls, where they listen to attempts only", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection, { retry: FAST_RETRY });
    stub.faults.add({ method: "ListProcesses", fault: "reset" });
    using heard = new Heard(["attempt"]);
    await client.listProcesses(stub.parent);
    expect(heard.attempts).toMatchObject([
      { number: 1, call: { method: "ListProcesses", attempts: 2 } },
      { number: 2, call: heard.attempts[0]?.call },
    ]);
  });

  it("nothing of bad input", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    using heard = new Heard();
    await rejection(client.getProcess("no name"));
    await rejection(collect(client.streamOutput("no name")));
    await rejection(collect(client.streamLines("no name")));
    await rejection(collect(client.listAllProcesses("no name")));
    await rejection(client.runProcess("no name", { command: "true" }));
    await rejection(client.terminateProcess("no name"));
    expect(heard.told).toEqual([]);
  });

  it("no token and no environment value, whatever is told", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection, { retry: FAST_RETRY });
    stub.faults.add({ method: "GetProcess", fault: "reset" });
    stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 2 } });
    using heard = new Heard();
    const environment = { VALUE: "not-to-be-told" };
    const headers = { authorization: `Bearer ${stub.token}` };
    const spec = { ...shell("echo hello"), environmentVariables: environment };
    await client.runProcess(stub.parent, spec, { headers });
    const all = inspect(heard, { depth: 20, showHidden: true, maxStringLength: null });
    expect(all).toContain("CreateProcess");
    expect(all).not.toContain(environment.VALUE);
    expect(all).not.toContain(stub.token);
  });
});

/** A listener that adds headers to each attempt, until it is disposed. */
function addHeaders(of: (message: AttemptMessage) => Record<string, string>): Disposable {
  const { start } = tracingChannel<unknown, AttemptMessage>("aiem-process-client:attempt");
  const add = (message: unknown) => {
    const attempt = message as AttemptMessage;
    for (const [name, value] of Object.entries(of(attempt))) {
      attempt.headers.set(name, value);
    }
  };
  start.subscribe(add);
  return { [Symbol.dispose]: () => start.unsubscribe(add) };
}

describe.each(CLIENTS)("over $title, headers that a listener adds to an attempt", (way) => {
  it("are sent with it, unless the caller has set them", async () => {
    const seen: unknown[] = [];
    const onRequestHeaders = (headers: Record<string, unknown>) => {
      seen.push([headers["traceparent"], headers["x-own"]]);
    };
    const name = "workspaces/w/sandboxEngines/e/processes/p";
    const service: Parameters<typeof servedClient>[1] = {
      getProcess: () => ({ process: { name } }),
      async *streamOutput() {
        yield { data: new Uint8Array([1]) };
      },
    };
    const client = await servedClient(way, service, {}, { onRequestHeaders });
    const adding = addHeaders(({ number }) => ({
      traceparent: `attempt ${number}`,
      "x-own": "the listener's",
    }));
    await client.getProcess(name, { headers: { "x-own": "the caller's" } });
    for await (const _ of client.streamOutput(name)) {
      break;
    }
    adding[Symbol.dispose]();
    await client.getProcess(name);
    expect(seen).toEqual([
      ["attempt 1", "the caller's"],
      ["attempt 1", "the listener's"],
      [undefined, undefined],
    ]);
  });
});

describe("a context", () => {
  it.each([true, false])(
    "of the caller is that of hooks, token providers and interceptors over retries and resumes (listened to: %s)",
    async (isHeard) => {
      await using stub = await startStubServer();
      const context = new AsyncLocalStorage<string>();
      const seen = new Set<string>();
      const note = (where: string) => seen.add(`${where}: ${context.getStore()}`);
      await using client = new ProcessClient(
        {
          ...stub.connection,
          tokenProvider: () => {
            note("token");
            return stub.token;
          },
        },
        {
          retry: FAST_RETRY,
          onRetry: () => note("retry"),
          onResume: () => note("resume"),
          onProtocol: () => note("protocol"),
          interceptors: [
            (next) => (request) => {
              note("interceptor");
              return next(request);
            },
          ],
        },
      );
      using _ = isHeard ? new Heard() : undefined;
      stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 2 } });
      await context.run("mine", () => client.runProcess(stub.parent, shell("printf 0123456789")));
      expect([...seen].sort()).toEqual([
        "interceptor: mine",
        "protocol: mine",
        "resume: mine",
        "retry: mine",
        "token: mine",
      ]);
    },
  );

  it("that a listener runs a call within is that of its hooks, in each part of a loop", async () => {
    await using stub = await startStubServer();
    const context = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    await using client = new ProcessClient(stub.connection, {
      retry: FAST_RETRY,
      onRetry: () => seen.push(`retry in ${context.getStore()}`),
      onResume: () => seen.push(`resume in ${context.getStore()}`),
    });
    const { start } = tracingChannel<unknown, CallMessage>("aiem-process-client:call");
    const wrap = (message: unknown) => {
      const { method, around } = message as CallMessage;
      around.push((run) => context.run(method, run));
    };
    const spec = shell("printf 0123456789");
    const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
    await client.waitProcess(name);
    stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 2 } });
    start.subscribe(wrap);
    const chunks = client.streamOutput(name)[Symbol.asyncIterator]();
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      expect(context.getStore()).toBeUndefined();
    }
    start.unsubscribe(wrap);
    expect(seen).toEqual(["retry in StreamOutput", "resume in StreamOutput"]);
  });
});

describe("connections", () => {
  it.each([
    { protocol: "grpc", httpVersion: "2" },
    { protocol: "rest", httpVersion: "1.1" },
  ] as const)("over $protocol are told as they open and close", async (way) => {
    await using stub = await startStubServer();
    using heard = new Heard();
    await using client = clientVia(stub, stub, way);
    await client.listProcesses(stub.parent);
    const at = { httpVersion: way.httpVersion, address: "127.0.0.1", port: stub.port };
    expect(heard.connections).toMatchObject([{ event: "opened", ...at }]);
    client.close();
    await expect.poll(() => heard.connections.length).toBe(2);
    const [opened, closed] = heard.connections;
    expect(closed).toMatchObject({ event: "closed", ...at, id: opened?.id });
  });

  it("that cannot be opened are told with the reason", async () => {
    const stub = await startStubServer();
    await stub.close();
    using heard = new Heard();
    await using client = clientVia(stub, stub, WAYS[0], { retry: false });
    await rejection(client.listProcesses(stub.parent));
    expect(heard.connections).toMatchObject([
      { event: "failed", error: { code: Code.Unavailable, cause: { code: "ECONNREFUSED" } } },
    ]);
  });

  it("of a transport of one's own are not known, and its server neither", async () => {
    await using stub = await startStubServer();
    using heard = new Heard();
    const authorize: Interceptor = (next) => (request) => {
      request.header.set("authorization", `Bearer ${stub.token}`);
      return next(request);
    };
    const transport = createGrpcTransport({ baseUrl: stub.url, interceptors: [authorize] });
    await using client = new ProcessClient({ transport });
    await client.listProcesses(stub.parent);
    expect(heard.connections).toEqual([]);
    expect(heard.calls).toMatchObject([
      { server: { protocol: "transport", address: undefined, port: undefined } },
    ]);
  });
});
