import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { STATUS_NAMES, statusCode } from "../../../src/model/status-names.js";
import {
  createStubTransport,
  type StubServer,
  type StubTransport,
  startStubServer,
} from "../../../src/stub/index.js";

describe("adding a fault", () => {
  let server: StubServer;
  let memory: StubTransport;

  beforeAll(async () => {
    server = await startStubServer();
    memory = createStubTransport();
  });
  afterAll(async () => {
    await server.close();
    await memory.close();
  });

  const status = { fault: "status", code: Code.Unavailable };
  const output = { method: "StreamOutput" };

  test.each<[string, object, RegExp]>([
    [
      "an unknown method",
      { ...status, method: "DeleteProcess" },
      /^method: must be "\*" or one of C/,
    ],
    ["no method", status, /^method: /],
    ["a process that is no text", { ...status, method: "*", process: 1 }, /^process: /],
    ["the call 0", { ...status, method: "*", nth: 0 }, /^nth: .* is 0$/],
    ["half a call", { ...status, method: "*", nth: 1.5 }, /^nth: .* is 1.5$/],
    ["an unknown kind", { method: "*", fault: "earthquake" }, /^fault: .*"earthquake"$/],
    ["no kind", { method: "*" }, /^fault: /],
    ["a code that is none", { method: "*", fault: "status", code: 0 }, /^code: .* is 0$/],
    ["a code by Connect's name", { method: "*", fault: "status", code: "Aborted" }, /^code: /],
    ["a message that is no text", { ...status, method: "*", message: 1 }, /^message: must be/],
    ["metadata that are none", { ...status, method: "*", metadata: "x" }, /^metadata: must be/],
    [
      "metadata with a bad name",
      { ...status, method: "*", metadata: { "a b": "" } },
      /^metadata: /,
    ],
    ["details that are none", { ...status, method: "*", details: [{}] }, /^details: must be/],
    ["a delay in words", { method: "*", fault: "delay", ms: "1" }, /^ms: .* is 1$/],
    ["processed in words", { method: "*", fault: "goaway", processed: "no" }, /^processed: /],
    ["debug data that are no text", { method: "*", fault: "goaway", debugData: 1 }, /^debugData: /],
    ["a body that is no text", { method: "*", fault: "http", status: 502, body: {} }, /^body: /],
    [
      "headers that are none",
      { method: "*", fault: "http", status: 502, headers: [] },
      /^headers: /,
    ],
    ["a negative delay", { method: "*", fault: "delay", ms: -1 }, /^ms: .* is -1$/],
    ["a delay beyond timers", { method: "*", fault: "delay", ms: 2 ** 31 }, /^ms: /],
    ["a delay without a time", { method: "*", fault: "delay" }, /^ms: /],
    ["an unknown point", { ...status, method: "*", at: "during" }, /^at: must be/],
    ["half a byte", { ...status, ...output, at: { bytes: 0.5 } }, /^at: must be/],
    ["two points", { ...status, ...output, at: { bytes: 1, messages: 1 } }, /^at: must be/],
    [
      "output of a unary call",
      { ...status, method: "GetProcess", at: { bytes: 1 } },
      /^at: output/,
    ],
    ["output of any call", { ...status, method: "*", at: { messages: 1 } }, /^at: output/],
    ["an end at no point", { ...output, fault: "end" }, /^at: end strikes in the output/],
    ["an end before", { ...output, fault: "end", at: "before" }, /^at: end strikes/],
    ["no trailers before", { ...output, fault: "no-trailers", at: "before" }, /^at: /],
    ["a drop before", { ...output, fault: "drop", at: "before" }, /^at: drop/],
    ["a drop in output", { ...output, fault: "drop", at: { bytes: 1 } }, /^at: drop/],
    ["an unknown code of HTTP/2", { method: "*", fault: "rst-stream", code: "OOPS" }, /^code: /],
    [
      "what every object has as a code",
      { method: "*", fault: "goaway", code: "toString" },
      /^code: /,
    ],
    [
      "an executed call as unprocessed",
      { method: "*", fault: "goaway", processed: false, at: "after" },
      /^processed: /,
    ],
    ["an informational status", { method: "*", fault: "http", status: 100 }, /^status: .* is 100$/],
    [
      "headers of the connection",
      { method: "*", fault: "http", status: 502, headers: { Connection: "close" } },
      /^headers: Connection /,
    ],
    [
      "a proxy's answer after output",
      { ...output, fault: "http", status: 502, at: "after" },
      /^at: /,
    ],
    [
      "a proxy's answer after the answers of a stream",
      { method: "ServerReflectionInfo", fault: "http", status: 502, at: "after" },
      /^at: /,
    ],
    [
      "a proxy's answer in output",
      { ...output, fault: "http", status: 502, at: { bytes: 1 } },
      /^at: /,
    ],
  ])("refuses %s", (_title, fault, message) => {
    const add = () => {
      // @ts-expect-error: what types refuse, callers in JavaScript can give.
      server.faults.add(fault);
    };
    expect(add).toThrow(TypeError);
    expect(add).toThrow(message);
  });

  test.each<unknown>([null, "reset", [], 5])("refuses %j in the place of a fault", (fault) => {
    const add = () => {
      // @ts-expect-error: what types refuse, callers in JavaScript can give.
      server.faults.add(fault);
    };
    expect(add).toThrow(TypeError);
    expect(add).toThrow(/^fault: must be an object/);
  });

  test("takes a code by gRPC's name", async () => {
    server.faults.add({ method: "ListProcesses", fault: "status", code: "DATA_LOSS" });
    const answer = await fetch(`${server.url}/v1/${server.parent}/processes`);
    expect(await answer.json()).toMatchObject({ code: Code.DataLoss });
  });

  test("knows gRPC's name of each code", () => {
    const names = Object.keys(Code).filter((name) => Number.isNaN(Number(name)));
    const known = names.map((name) =>
      name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
    );
    expect(STATUS_NAMES.map((name) => statusCode(name))).toEqual(
      Array.from(STATUS_NAMES, (_, index) => index + 1),
    );
    expect(known.map((name) => name.replace("CANCELED", "CANCELLED"))).toEqual([...STATUS_NAMES]);
  });

  test.each([
    { fault: "reset" },
    { fault: "close" },
    { fault: "rst-stream" },
    { fault: "goaway" },
    { fault: "no-trailers" },
    { fault: "blackhole" },
    { fault: "http", status: 502 },
  ])("refuses $fault in memory, where there is no connection", (fault) => {
    const add = () => {
      // @ts-expect-error: types refuse it, too.
      memory.faults.add({ method: "*", ...fault });
    };
    expect(add).toThrow(TypeError);
    expect(add).toThrow(`${fault.fault} needs a connection`);
  });

  test("refuses gRPC's own services in memory, where there are none", () => {
    const add = () =>
      memory.faults.add({ method: "Check", fault: "status", code: Code.Unavailable });
    expect(add).toThrow(TypeError);
    expect(add).toThrow(/^method: must be "\*" or one of CreateProcess.*StreamOutput$/);
  });
});
