import { createServer } from "node:http";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { describe, expect, it } from "vitest";
import { Code, ProcessClient } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { CLIENTS, servedClient } from "../client/support/served-clients.js";
import { clientVia, FAST_RETRY, WAYS } from "../reliability/support/ways.js";
import { FOREVER, fixture, shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { answering } from "../transport/rest/support/http-edge.js";
import { closing } from "../transport/support/cleanup.js";
import { listen } from "../transport/support/listen.js";
import { Recorded } from "./recorded.js";

const RPC = "ai.h2o.engine.sandbox.v1.ProcessService";
const ENGINE = "workspaces/w/sandboxEngines/e";
const NAME = `${ENGINE}/processes/p`;
const PROCESS_PATH = "/v1/{name=workspaces/*/sandboxEngines/*/processes/*}";

describe.each(CLIENTS)("the span of a call over $title", (way) => {
  it("has the attributes of the conventions, and its context goes with the request", async () => {
    const parents: unknown[] = [];
    const onRequestHeaders = (headers: Record<string, unknown>) => {
      parents.push(headers["traceparent"]);
    };
    const service = { getProcess: () => ({ process: { name: NAME } }) };
    const client = await servedClient(way, service, {}, { onRequestHeaders });
    await using recorded = new Recorded();
    await client.getProcess(NAME);

    const [span] = recorded.spans;
    expect(recorded.spans).toHaveLength(1);
    expect(span).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
    const { traceId, spanId } = span?.spanContext() ?? {};
    expect(parents).toEqual([`00-${traceId}-${spanId}-01`]);
    expect(span?.instrumentationScope).toMatchObject({
      name: "aiem-process-client",
      schemaUrl: "https://opentelemetry.io/schemas/1.45.0",
    });
    const server = { "server.address": "127.0.0.1", "server.port": expect.any(Number) };
    const process = { "aiem.process.name": NAME };
    if (way.protocol === "rest") {
      expect(span?.name).toBe(`GET ${PROCESS_PATH}`);
      expect(span?.attributes).toEqual({
        ...server,
        ...process,
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "url.full": expect.stringMatching(`^http://127.0.0.1:\\d+/v1/${NAME}$`),
        "url.template": PROCESS_PATH,
      });
    } else {
      expect(span?.name).toBe(`${RPC}/GetProcess`);
      expect(span?.attributes).toEqual({
        ...(way.protocol !== "own" && server),
        ...process,
        "rpc.system.name": way.protocol === "grpc" ? "grpc" : "connectrpc",
        "rpc.method": `${RPC}/GetProcess`,
        "rpc.status_code": "OK",
      });
    }
    const known = new Set<unknown>(Object.values(conventions));
    const names = Object.keys(span?.attributes ?? {});
    expect(names.filter((one) => !known.has(one))).toEqual(["aiem.process.name"]);
  });
});

describe.each(WAYS)("over $protocol and HTTP/$httpVersion", (way) => {
  const spelled = (code: string) => (way.protocol === "connect" ? code.toLowerCase() : code);

  it("a call that fails has the status in its span", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    await using recorded = new Recorded();
    const error = await rejection(client.getProcess(`${stub.parent}/processes/none`));
    expect(error).toMatchObject({ code: Code.NotFound });
    const [span] = recorded.spans;
    expect(span?.status).toEqual({
      code: SpanStatusCode.ERROR,
      message: error instanceof Error ? error.message : "",
    });
    expect(span?.attributes).toMatchObject(
      way.protocol === "rest"
        ? { "http.response.status_code": 404, "error.type": "404" }
        : { "rpc.status_code": spelled("NOT_FOUND"), "error.type": spelled("NOT_FOUND") },
    );
  });

  it("retries and resumes are events of one span, and attempts are its children by option", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    const spec = shell("printf 0123456789");
    const unavailable = way.protocol === "rest" ? "UNAVAILABLE" : spelled("UNAVAILABLE");
    for (const attempts of [false, true]) {
      stub.faults.add({ method: "CreateProcess", fault: "reset" });
      stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 4 } });
      await using recorded = new Recorded({ attempts });
      await client.runProcess(stub.parent, spec);
      const name = (rpc: string, route: string) => (way.protocol === "rest" ? route : rpc);
      const [create, stream, get] = [
        name("CreateProcess", "POST /v1/{parent=workspaces/*/sandboxEngines/*}/processes"),
        name("StreamOutput", `GET ${PROCESS_PATH}:streamOutput`),
        name("GetProcess", `GET ${PROCESS_PATH}`),
      ];
      const attempt = (indent: string, what: string) => (attempts ? [`${indent}${what}`] : []);
      expect(recorded.tree.split("\n")).toEqual([
        "INTERNAL runProcess",
        `  CLIENT ${create}`,
        "    * aiem.retry",
        ...attempt("    ", `INTERNAL CreateProcess attempt 1 ERROR ${unavailable}`),
        `    CLIENT ${get} ERROR ${way.protocol === "rest" ? "404" : spelled("NOT_FOUND")}`,
        ...attempt(
          "      ",
          `INTERNAL GetProcess attempt 1 ERROR ${way.protocol === "rest" ? "404" : spelled("NOT_FOUND")}`,
        ),
        ...attempt("    ", "INTERNAL CreateProcess attempt 2"),
        `  CLIENT ${stream}`,
        "    * aiem.retry",
        "    * aiem.resume (4 bytes)",
        ...attempt("    ", `INTERNAL StreamOutput attempt 1 ERROR ${unavailable}`),
        ...attempt("    ", "INTERNAL StreamOutput attempt 2"),
        `    CLIENT ${get}`,
        ...attempt("      ", "INTERNAL GetProcess attempt 1"),
      ]);
    }
  });
});

describe("spans", () => {
  it("of a client that settles on REST are those of HTTP, from its first call on", async () => {
    const { port } = closing(await listen(createServer(answering('{"processes":[]}'))));
    await using client = new ProcessClient({ aiemUrl: `http://127.0.0.1:${port}` });
    await using recorded = new Recorded();
    await client.listProcesses(ENGINE);
    await client.listProcesses(ENGINE);
    for (const span of recorded.spans) {
      expect(span.name).toBe("GET /v1/{parent=workspaces/*/sandboxEngines/*}/processes");
      expect(Object.keys(span.attributes).filter((name) => name.startsWith("rpc."))).toEqual([]);
      expect(span.attributes).toMatchObject({ "http.response.status_code": 200 });
    }
    expect(recorded.spans).toHaveLength(2);
  });

  it("have the caller's as parent, and are active in hooks and token providers", async () => {
    await using stub = await startStubServer();
    await using recorded = new Recorded();
    const tracer = recorded.tracers.getTracer("test");
    const within = (title: string) => tracer.startSpan(title).end();
    const tokenProvider = () => {
      within("token");
      return stub.token;
    };
    await using client = new ProcessClient(
      { aiemUrl: stub.url, tokenProvider, contract: "built-in" },
      {
        protocol: "grpc",
        retry: FAST_RETRY,
        onRetry: () => within("retry"),
        onResume: () => within("resume"),
      },
    );
    const spec = shell("printf 0123456789");
    const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
    await client.waitProcess(name);
    stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 4 } });
    await tracer.startActiveSpan("mine", async (mine) => {
      for await (const _ of client.streamOutput(name)) {
        within("chunk");
      }
      mine.end();
    });
    const mine = recorded.tree.slice(recorded.tree.indexOf("INTERNAL mine"));
    expect(mine.split("\n")).toEqual([
      "INTERNAL mine",
      "  CLIENT StreamOutput",
      "    * aiem.retry",
      "    * aiem.resume (4 bytes)",
      "    INTERNAL token",
      "    INTERNAL retry",
      "    INTERNAL token",
      "    INTERNAL resume",
      "    CLIENT GetProcess",
      "      INTERNAL token",
      "  INTERNAL chunk",
      "  INTERNAL chunk",
    ]);
  });

  it("of what the caller ended are cancelled, and no errors", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, WAYS[0]);
    const { name } = await client.createProcess(stub.parent, fixture("forever.js"), {
      autoRun: true,
    });
    await using recorded = new Recorded();
    for await (const _ of client.streamOutput(name)) {
      break;
    }
    const controller = new AbortController();
    const waiting = rejection(client.waitProcess(name, { signal: controller.signal }));
    controller.abort(new Error("enough"));
    await waiting;
    for (const { attributes, status } of recorded.spans) {
      expect(attributes["rpc.status_code"]).toBe("CANCELLED");
      expect(attributes["error.type"]).toBeUndefined();
      expect(status.code).toBe(SpanStatusCode.UNSET);
    }
    expect(recorded.spans).toHaveLength(2);
  });

  it("of an error of this package's own have its name and its code", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, WAYS[0]);
    await using recorded = new Recorded();
    const run = client.runProcess(stub.parent, FOREVER, { timeoutMs: 50 });
    expect(await rejection(run)).toMatchObject({ name: "WaitTimeoutError" });
    const { name } = await client.createProcess(stub.parent, FOREVER, { autoRun: true });
    await rejection(client.waitProcess(name, { timeoutMs: 1 }));
    const running = recorded.spans.find((span) => span.name === "runProcess");
    expect(running?.kind).toBe(SpanKind.INTERNAL);
    expect(running?.attributes).toMatchObject({ "error.type": "WaitTimeoutError" });
    const waiting = recorded.spans.find((span) => span.name === `${RPC}/WaitProcess`);
    expect(waiting?.attributes).toMatchObject({
      "error.type": "WaitTimeoutError",
      "rpc.status_code": "DEADLINE_EXCEEDED",
    });
  });

  it("hold no token and no value of an environment", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, WAYS[3]);
    await using recorded = new Recorded({ attempts: true });
    const environmentVariables = { VALUE: "not-to-be-told" };
    const headers = { authorization: `Bearer ${stub.token}` };
    stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 2 } });
    await client.runProcess(
      stub.parent,
      { ...shell("echo hello"), environmentVariables },
      { headers },
    );
    const told = recorded.spans.map(({ name, attributes, events, status }) => {
      return { name, attributes, events, status };
    });
    const all = JSON.stringify([told, await recorded.allMetrics()]);
    expect(all).toContain("runProcess");
    expect(all).not.toContain(stub.token);
    expect(all).not.toContain("not-to-be-told");
  });

  it("go to the provider that is set last, none after it was disabled, and those open end", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, WAYS[0]);
    const { name } = await client.createProcess(stub.parent, FOREVER, { autoRun: true });
    await using recorded = new Recorded({ enabled: false });
    const { instrumentation } = recorded;
    expect(instrumentation.getConfig().enabled).toBe(false);
    await client.getProcess(name);
    instrumentation.enable();
    instrumentation.enable();
    expect(instrumentation.getConfig().enabled).toBe(true);
    const waiting = client.waitProcess(name);
    await expect.poll(() => stub.faults.calls("WaitProcess")).toBe(1);
    instrumentation.disable();
    expect(recorded.spans.map((span) => span.name)).toEqual([`${RPC}/WaitProcess`]);
    await client.sendSignal(name, "SIGKILL");
    await waiting;
    expect(recorded.spans).toHaveLength(1);

    await using other = new Recorded({ enabled: false });
    instrumentation.setTracerProvider(other.tracers);
    instrumentation.setConfig({ attempts: true });
    instrumentation.enable();
    await client.getProcess(name);
    expect(other.tree).toBe("CLIENT GetProcess\n  INTERNAL GetProcess attempt 1");
  });

  it("are told without a context manager, an attempt under its call", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, WAYS[0]);
    await using recorded = new Recorded({ attempts: true });
    context.disable();
    await client.listProcesses(stub.parent);
    expect(trace.getActiveSpan()).toBeUndefined();
    expect(recorded.tree).toBe("CLIENT ListProcesses\n  INTERNAL ListProcesses attempt 1");
  });
});
