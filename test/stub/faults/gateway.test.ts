import { once } from "node:events";

import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";

import { Process_State, ProcessSchema } from "../../../src/gen.js";
import type { StubServer } from "../../../src/stub/index.js";
import { HTTP_VERSIONS, type Open, send } from "../gateway/support/send.js";
import { type FaultyServer, startFaultyServer } from "./support.js";

const STEPS = ["printf 0123456789", "printf abcdefghij >&2"] as const;
const FIRST = { result: { stream: "OUTPUT_STREAM_STDOUT", data: btoa("0123456789") } };
const SECOND = { result: { stream: "OUTPUT_STREAM_STDERR", data: btoa("abcdefghij") } };

const headers = ({ token }: StubServer) => ({ authorization: `Bearer ${token}` });

/** What came of a response until its end, and whether that was a break. */
async function readOut(open: Open, { stub }: FaultyServer, path: string) {
  const { status, body, disconnect } = await open(stub.port, { path, headers: headers(stub) });
  let text = "";
  let broken = false;
  body.on("data", (chunk) => {
    text += chunk;
  });
  body.on("error", () => {
    broken = true;
  });
  await new Promise((resolve) => body.once("close", resolve));
  disconnect();
  return { status, text, broken: broken || !body.readableEnded };
}

const lines = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

describe.each(HTTP_VERSIONS)("REST over %s", (version, open) => {
  test("shows a status as HTTP status, body and Grpc-Metadata- headers", async () => {
    const { stub, create } = await startFaultyServer();
    const name = await create("true");
    for (const at of ["before", "after"] as const) {
      stub.faults.add({
        method: "StartProcess",
        fault: "status",
        code: Code.ResourceExhausted,
        message: "50% off: wait",
        metadata: { "retry-after": "7" },
        details: [{ desc: ProcessSchema, value: { name: "a detail" } }],
        at,
      });
      const path = `/v1/${name}:start`;
      const request = { method: "POST", path, headers: headers(stub), body: "{}" };
      const answer = await send(open, stub.port, request);
      expect(answer.status).toBe(429);
      expect(answer.headers["grpc-metadata-retry-after"]).toBe("7");
      expect(answer.json()).toMatchObject({
        code: Code.ResourceExhausted,
        message: "50% off: wait",
        details: [
          { "@type": "type.googleapis.com/ai.h2o.engine.sandbox.v1.Process", name: "a detail" },
        ],
      });
    }
  });

  test("shows a status in output as its last line", async () => {
    const server = await startFaultyServer();
    const name = await server.finishInSteps(...STEPS);
    const at = { messages: 1 };
    const fault = { method: "StreamOutput", fault: "status", code: Code.Aborted } as const;
    server.stub.faults.add({ ...fault, at });
    const { status, text, broken } = await readOut(open, server, `/v1/${name}:streamOutput`);
    const error = { code: Code.Aborted, message: "an injected fault", details: [] };
    expect({ status, broken }).toEqual({ status: 200, broken: false });
    expect(lines(text)).toEqual([FIRST, { error }]);
  });

  test.each(["end", "no-trailers"] as const)("%s ends output as if that was all", async (fault) => {
    const server = await startFaultyServer();
    const name = await server.finishInSteps(...STEPS);
    server.stub.faults.add({ method: "StreamOutput", fault, at: { messages: 1 } });
    const { text, broken } = await readOut(open, server, `/v1/${name}:streamOutput`);
    expect({ lines: lines(text), broken }).toEqual({ lines: [FIRST], broken: false });
  });

  test("no-trailers hides the error that a stream ends with", async () => {
    for (const isHidden of [false, true]) {
      const server = await startFaultyServer();
      const { stub } = server;
      const name = await server.start("printf 0123456789; exec sleep 60");
      stub.faults.clear();
      if (isHidden) {
        stub.faults.add({ method: "StreamOutput", fault: "no-trailers" });
      }
      const path = `/v1/${name}:streamOutput`;
      const { body, disconnect } = await open(stub.port, { path, headers: headers(stub) });
      let text = "";
      body.on("data", (chunk) => {
        text += chunk;
      });
      await expect.poll(() => lines(text)).toEqual([FIRST]);
      await Promise.all([once(body, "end"), stub.engines.delete(stub.parent)]);
      const error = expect.objectContaining({ code: Code.NotFound });
      expect(lines(text)).toEqual([FIRST, ...(isHidden ? [] : [{ error }])]);
      disconnect();
    }
  });

  test.each(["reset", "close", "rst-stream"] as const)(
    "%s breaks output off after whole lines",
    async (fault) => {
      const server = await startFaultyServer();
      const name = await server.finishInSteps(...STEPS);
      server.stub.faults.add({ method: "StreamOutput", fault, at: { bytes: 13 } });
      const { text, broken } = await readOut(open, server, `/v1/${name}:streamOutput`);
      const part = { result: { ...SECOND.result, data: btoa("abc") } };
      expect(lines(text)).toEqual([FIRST, part]);
      // A FIN ends a stream of HTTP/2 for Node's client as if all had come.
      expect(broken).toBe(fault !== "close" || version === "HTTP/1.1");
    },
  );

  test("http answers in the gateway's place, before the call and after it", async () => {
    const { stub, create, client } = await startFaultyServer();
    const name = await create("true");
    const path = `/v1/${name}:start`;
    const request = { method: "POST", path, headers: headers(stub), body: "{}" };
    for (const at of ["before", "after"] as const) {
      stub.faults.add({ method: "StartProcess", fault: "http", status: 502, at });
      const { status, headers, text } = await send(open, stub.port, request);
      expect([status, headers["content-type"]]).toEqual([502, "text/html"]);
      expect(text).toContain("<h1>502 Bad Gateway</h1>");
      expect(headers).not.toHaveProperty("grpc-metadata-content-type");
      const { process } = await client.getProcess({ name });
      expect(process?.state === Process_State.PENDING).toBe(at === "before");
    }
  });

  test("hang and blackhole hold output up at the byte, and it goes on from there", async () => {
    const server = await startFaultyServer();
    const name = await server.finishInSteps(...STEPS);
    for (const fault of ["hang", "blackhole"] as const) {
      const held = server.stub.faults.add({ method: "StreamOutput", fault, at: { messages: 1 } });
      const path = `/v1/${name}:streamOutput`;
      const request = { path, headers: headers(server.stub) };
      const { body, disconnect } = await open(server.stub.port, request);
      let text = "";
      body.on("data", (chunk) => {
        text += chunk;
      });
      await expect.poll(() => lines(text)).toEqual([FIRST]);
      await expect.poll(() => held.fired).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(lines(text)).toEqual([FIRST]);
      held.remove();
      await once(body, "end");
      expect(lines(text)).toEqual([FIRST, SECOND]);
      disconnect();
    }
  });

  test("blackhole keeps the answer of a call back whose deadline has passed", async () => {
    const { stub, create } = await startFaultyServer();
    const name = await create("true");
    const fault = stub.faults.add({ method: "GetProcess", fault: "blackhole" });
    const request = { path: `/v1/${name}`, headers: { ...headers(stub), "grpc-timeout": "1S" } };
    let answered = false;
    const answer = send(open, stub.port, request).finally(() => {
      answered = true;
    });
    await expect.poll(() => fault.fired).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(answered).toBe(false);
    fault.remove();
    expect((await answer).status).toBe(504);
  });
});
