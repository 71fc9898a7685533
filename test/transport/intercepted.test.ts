import { create, isMessage, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import { OutputStream } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  GetProcessRequestSchema,
  GetProcessResponseSchema,
  ProcessService,
  StreamOutputResponseSchema,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { collect } from "../support/collect.js";
import { texts } from "../support/output.js";
import { followForever } from "./support/follow.js";
import { startIntercepted } from "./support/intercepted.js";
import { PROCESS } from "./support/process-name.js";
import type { ProcessServerOptions } from "./support/process-server.js";
import { PROTOCOLS } from "./support/protocols.js";

const name = PROCESS;

describe.each(PROTOCOLS)("$protocol over HTTP/$httpVersion", (options) => {
  const start = startIntercepted(options);

  const output = {
    async *streamOutput() {
      yield { stream: OutputStream.STDOUT, data: Buffer.from("out ") };
      yield { stream: OutputStream.STDERR, data: Buffer.from("err") };
      yield { stream: OutputStream.STDOUT, data: Buffer.from("more") };
    },
  };

  test("interceptors see what is sent, and in their order", async () => {
    const seen: unknown[] = [];
    const noting =
      (who: string): Interceptor =>
      (next) =>
      async (req) => {
        seen.push([who, req.stream, req.service.typeName, req.method.name, req.requestMethod]);
        seen.push(new URL(req.url).pathname, req.header.get("x-caller"));
        const res = await next(req);
        seen.push(`${who} after`);
        return res;
      };
    const service = { getProcess: () => ({}), ...output };
    const { client } = await start(service, [noting("outer"), noting("inner")]);
    const { typeName } = ProcessService;
    const callOf = (stream: boolean, method: string) => {
      const verb = options.protocol === "rest" ? "GET" : "POST";
      const told = [`/${typeName}/${method}`, "mine"];
      return [
        ["outer", stream, typeName, method, verb],
        ...told,
        ["inner", stream, typeName, method, verb],
        ...told,
      ];
    };
    const headers = { "x-caller": "mine" };
    await client.getProcess({ name }, { headers });
    expect(seen.splice(0)).toEqual([...callOf(false, "GetProcess"), "inner after", "outer after"]);
    await collect(client.streamOutput({ name }, { headers }));
    expect(seen.slice(0, 6)).toEqual(callOf(true, "StreamOutput"));
  });

  test("they see the time that the server is given, and no token", async () => {
    const seen: Headers[] = [];
    const interceptor: Interceptor = (next) => (req) => {
      seen.push(new Headers(req.header));
      return next(req);
    };
    const service = { getProcess: () => ({}) };
    const { client } = await start(service, [interceptor], { tokenProvider: "s3cret" });
    await client.getProcess({ name }, { timeoutMs: 5_000 });
    const header = options.protocol === "connect" ? "connect-timeout-ms" : "grpc-timeout";
    expect(seen[0]?.get(header)).toMatch(/^5000m?$/);
    expect([...(seen[0]?.values() ?? [])].join()).not.toContain("s3cret");
  });

  test("they can change headers and messages, both ways", async () => {
    const asked: unknown[] = [];
    const service = {
      getProcess: (request: { name: string }) => {
        asked.push(request.name);
        return { process: { name, command: "ls" } };
      },
    };
    const interceptor: Interceptor = (next) => async (req) => {
      req.header.set("x-added", "yes");
      req.header.delete("x-removed");
      if (!req.stream && isMessage(req.message, GetProcessRequestSchema)) {
        req.message.name = `${name}2`;
      }
      const res = await next(req);
      if (!res.stream && isMessage(res.message, GetProcessResponseSchema) && res.message.process) {
        res.message.process.command = "cat";
      }
      return res;
    };
    const { client, headers } = await start(service, [interceptor]);
    const { process } = await client.getProcess({ name }, { headers: { "x-removed": "a" } });
    expect(asked).toEqual([`${name}2`]);
    expect(process?.command).toBe("cat");
    expect(headers[0]).toMatchObject({ "x-added": "yes" });
    expect(headers[0]).not.toHaveProperty("x-removed");
  });

  test("they can answer in the place of the server", async () => {
    const getProcess = vi.fn(() => ({}));
    const interceptor: Interceptor = (next) => async (req) => {
      if (req.stream || req.method.name !== "GetProcess") {
        return await next(req);
      }
      return {
        stream: false,
        service: req.service,
        method: req.method,
        header: new Headers(),
        trailer: new Headers(),
        message: create(GetProcessResponseSchema, { process: { name, command: "mine" } }),
      };
    };
    const { client } = await start({ getProcess }, [interceptor]);
    expect((await client.getProcess({ name })).process?.command).toBe("mine");
    expect(getProcess).not.toHaveBeenCalled();
  });

  test("they see the header and the trailer of an answer", async () => {
    const seen: { header: Headers; trailer: Headers; stream: boolean }[] = [];
    const interceptor: Interceptor = (next) => async (req) => {
      const res = await next(req);
      const { header, trailer, stream } = res;
      seen.push({ header, trailer, stream });
      return res;
    };
    const service: ProcessServerOptions["service"] = {
      getProcess: (_, context) => {
        context.responseHeader.set("x-head", "h");
        context.responseTrailer.set("x-tail", "t");
        return {};
      },
      async *streamOutput(_, context) {
        context.responseHeader.set("x-head", "h");
        context.responseTrailer.set("x-tail", "t");
        yield { stream: OutputStream.STDOUT, data: new Uint8Array([1]) };
      },
    };
    const { client } = await start(service, [interceptor]);
    await client.getProcess({ name });
    await collect(client.streamOutput({ name }));
    expect(seen.map(({ stream }) => stream)).toEqual([false, true]);
    for (const { header, trailer } of seen) {
      expect(header.get("x-head")).toBe("h");
      // grpc-gateway passes on no trailers unless it is asked for them.
      expect(trailer.get("x-tail")).toBe(options.protocol === "rest" ? null : "t");
    }
  });

  test("streams pass through them, and what they make of the messages is what is read", async () => {
    const upper: Interceptor = (next) => async (req) => {
      const res = await next(req);
      if (!res.stream) {
        return res;
      }
      async function* changed(messages: AsyncIterable<Message>) {
        for await (const message of messages) {
          if (isMessage(message, StreamOutputResponseSchema)) {
            message.data = Buffer.from(Buffer.from(message.data).toString().toUpperCase());
          }
          yield message;
        }
      }
      return { ...res, message: changed(res.message) };
    };
    const { client } = await start(output, [upper]);
    const messages = await collect(client.streamOutput({ name }));
    expect(messages.map(({ stream }) => stream)).toEqual([
      OutputStream.STDOUT,
      OutputStream.STDERR,
      OutputStream.STDOUT,
    ]);
    expect(messages.map(({ data }) => Buffer.from(data).toString())).toEqual([
      "OUT ",
      "ERR",
      "MORE",
    ]);
  });

  test("a stream that is left ends for the server, through them too", async () => {
    const ended = vi.fn();
    const service: ProcessServerOptions["service"] = {
      async *streamOutput(request, context) {
        context.signal.addEventListener("abort", ended);
        yield* followForever(request, context);
      },
    };
    const { facade } = await start(service, [(next) => (req) => next(req)]);
    for await (const _ of facade.streamOutput(name)) {
      break;
    }
    await expect.poll(() => ended.mock.calls.length).toBe(1);
  });

  test("the user's follow over them gets every byte, and resumes", async () => {
    let streams = 0;
    const service: ProcessServerOptions["service"] = {
      async *streamOutput() {
        streams += 1;
        yield { stream: OutputStream.STDOUT, data: Buffer.from("abc") };
        if (streams === 1) {
          throw new ConnectError("come back", Code.Unavailable);
        }
        yield { stream: OutputStream.STDOUT, data: Buffer.from("def") };
      },
      getProcess: () => ({ process: { name, state: 3 } }),
    };
    const { facade } = await start(service, [(next) => (req) => next(req)], {
      retry: { baseDelayMs: 1 },
    });
    const frames = await collect(facade.streamOutput(name));
    expect(texts(frames).stdout).toBe("abcdef");
    expect(streams).toBe(2);
  });
});
