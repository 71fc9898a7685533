import { metrics } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { AiemInstrumentation } from "../../src/otel/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { clientVia, WAYS } from "../reliability/support/ways.js";
import { fixture, shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { Recorded } from "./recorded.js";

const RPC = "ai.h2o.engine.sandbox.v1.ProcessService";

describe.each(WAYS)("metrics over $protocol and HTTP/$httpVersion", (way) => {
  const isRest = way.protocol === "rest";
  const system = way.protocol === "grpc" ? "grpc" : "connectrpc";
  const spelled = (code: string) => (way.protocol === "connect" ? code.toLowerCase() : code);

  it("have the duration of calls in seconds, by method and outcome, as the conventions name it", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    await using recorded = new Recorded();
    await client.listProcesses(stub.parent);
    await client.listProcesses(stub.parent);
    await rejection(client.getProcess(`${stub.parent}/processes/none`));
    const server = { "server.address": "127.0.0.1", "server.port": stub.port };
    const points = await recorded.points(
      isRest ? "http.client.request.duration" : "rpc.client.call.duration",
    );
    const http = { "http.request.method": "GET", "network.protocol.version": "1.1" };
    expect(points.map(({ attributes, value }) => ({ attributes, value }))).toEqual([
      {
        value: 2,
        attributes: isRest
          ? {
              ...server,
              ...http,
              "http.response.status_code": 200,
              "url.template": "/v1/{parent=workspaces/*/sandboxEngines/*}/processes",
            }
          : {
              ...server,
              "rpc.system.name": system,
              "rpc.method": `${RPC}/ListProcesses`,
              "rpc.status_code": "OK",
            },
      },
      {
        value: 1,
        attributes: isRest
          ? {
              ...server,
              ...http,
              "http.response.status_code": 404,
              "error.type": "404",
              "url.template": "/v1/{name=workspaces/*/sandboxEngines/*/processes/*}",
            }
          : {
              ...server,
              "rpc.system.name": system,
              "rpc.method": `${RPC}/GetProcess`,
              "rpc.status_code": spelled("NOT_FOUND"),
              "error.type": spelled("NOT_FOUND"),
            },
      },
    ]);
    for (const { sum } of points) {
      expect(sum).toBeGreaterThan(0);
      expect(sum).toBeLessThan(30);
    }
  });

  it("count retries, outages, resumes and what was sent again", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    const spec = shell("printf 0123456789");
    const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
    await client.waitProcess(name);
    await using recorded = new Recorded();
    stub.faults.add({ method: "GetProcess", nth: 1, fault: "reset" });
    stub.faults.add({ method: "GetProcess", nth: 2, fault: "reset" });
    await client.getProcess(name);
    stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 4 } });
    for await (const _ of client.streamOutput(name)) {
      // Read to its end.
    }
    const server = { "server.address": "127.0.0.1", "server.port": stub.port };
    const of = (method: string) => ({
      ...server,
      "rpc.method": `${RPC}/${method}`,
      "error.type": "UNAVAILABLE",
    });
    expect(await recorded.points("aiem.client.retries")).toEqual([
      { attributes: of("GetProcess"), value: 2 },
      { attributes: of("StreamOutput"), value: 1 },
    ]);
    expect(await recorded.points("aiem.client.outages")).toEqual([
      { attributes: of("GetProcess"), value: 1 },
      { attributes: of("StreamOutput"), value: 1 },
    ]);
    expect(await recorded.points("aiem.client.resumes")).toEqual([
      { attributes: server, value: 1 },
    ]);
    expect(await recorded.points("aiem.client.replay.size")).toEqual([
      { attributes: server, value: 4 },
    ]);
    const all = JSON.stringify(await recorded.allMetrics());
    expect(all).toContain("GetProcess");
    expect(all).not.toContain(name);
    expect(all).not.toContain(stub.parent);
  });

  it("tell how many connections and streams are open, also after it was disabled", async () => {
    await using stub = await startStubServer();
    await using recorded = new Recorded();
    await using client = clientVia(stub, stub, way);
    const { name } = await client.createProcess(stub.parent, fixture("forever.js"), {
      autoRun: true,
    });
    const open = async (metric: string) => {
      const points = await recorded.points(`aiem.client.${metric}`);
      return points.reduce((sum, { value }) => sum + value, 0);
    };
    const output = client.streamOutput(name)[Symbol.asyncIterator]();
    await output.next();
    expect(await open("streams")).toBe(1);
    expect(await open("connections")).toBeGreaterThan(0);
    await output.return?.();
    expect(await open("streams")).toBe(0);
    client.close();
    await expect.poll(() => open("connections")).toBe(0);

    await using other = clientVia(stub, stub, way);
    const again = other.streamOutput(name)[Symbol.asyncIterator]();
    await again.next();
    expect(await open("streams")).toBe(1);
    recorded.instrumentation.disable();
    expect([await open("streams"), await open("connections")]).toEqual([0, 0]);
    await again.return?.();
    await other.sendSignal(name, "SIGKILL");
    other.close();
    expect([await open("streams"), await open("connections")]).toEqual([0, 0]);
  });
});

describe("metrics without a provider of their own", () => {
  it("go to a global one that is set later", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, WAYS[0]);
    using _ = new AiemInstrumentation();
    await client.listProcesses(stub.parent);
    await using recorded = new Recorded({ enabled: false });
    metrics.setGlobalMeterProvider(recorded.meters);
    await client.listProcesses(stub.parent);
    metrics.disable();
    expect(await recorded.points("rpc.client.call.duration")).toMatchObject([{ value: 1 }]);
  });
});
