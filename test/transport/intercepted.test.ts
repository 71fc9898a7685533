import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import { OutputStream } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type ClientOptions, ProcessClient } from "../../src/index.js";
import { collect } from "../support/collect.js";
import { createTransport } from "../support/create-transport.js";
import { texts } from "../support/output.js";
import { rejection } from "../support/rejection.js";
import { closing } from "./support/cleanup.js";
import { failure } from "./support/failure.js";
import { followForever } from "./support/follow.js";
import { listen } from "./support/listen.js";
import { PROCESS } from "./support/process-name.js";
import { type ProcessServerOptions, startProcessServer } from "./support/process-server.js";
import { PROTOCOLS } from "./support/protocols.js";

const name = PROCESS;

describe.each(PROTOCOLS)("$protocol over HTTP/$httpVersion", (options) => {
  async function start(
    service: ProcessServerOptions["service"],
    interceptors: Interceptor[],
    more: ClientOptions = {},
  ) {
    const headers: Record<string, unknown>[] = [];
    const server = closing(
      await startProcessServer({
        service,
        http1: options.httpVersion === "1.1",
        onRequestHeaders: (seen) => headers.push(seen),
      }),
    );
    const config = { aiemUrl: server.url };
    const own = closing(createTransport(config, { ...options, interceptors }));
    return {
      server,
      headers,
      sent: own.sent,
      client: createClient(ProcessService, own.transport),
      facade: new ProcessClient(config, { ...options, ...more, interceptors }),
    };
  }

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
    const server = closing(
      await startProcessServer({
        service: { getProcess: () => ({}) },
        http1: options.httpVersion === "1.1",
      }),
    );
    const { transport } = closing(
      createTransport(
        { aiemUrl: server.url, tokenProvider: "s3cret" },
        { ...options, interceptors: [interceptor] },
      ),
    );
    await createClient(ProcessService, transport).getProcess({ name }, { timeoutMs: 5_000 });
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
      if (!req.stream && "name" in req.message) {
        Object.assign(req.message, { name: `${req.message.name}2` });
      }
      const res = await next(req);
      if (!res.stream && "process" in res.message) {
        Object.assign(res.message, { process: { ...Object(res.message.process), command: "cat" } });
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
      const { header, trailer } = { header: new Headers(), trailer: new Headers() };
      const message = { $typeName: req.method.output.typeName, process: { name, command: "mine" } };
      return {
        stream: false,
        service: req.service,
        method: req.method,
        header,
        trailer,
        message: message as never,
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
      async function* changed(messages: AsyncIterable<unknown>) {
        for await (const message of messages) {
          if (typeof message === "object" && message && "data" in message) {
            const text = Buffer.from(message.data as Uint8Array).toString();
            Object.assign(message, { data: Buffer.from(text.toUpperCase()) });
          }
          yield message as never;
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
    facade.close();
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
    facade.close();
  });

  test("an error of theirs fails the call as it is, and is not met with another attempt", async () => {
    const getProcess = vi.fn(() => ({}));
    const bug = new TypeError("bug in the interceptor");
    const throwing: Interceptor = () => () => Promise.reject(bug);
    const { facade } = await start({ getProcess }, [throwing]);
    // In the words of Connect, which has interceptors throw nothing else.
    const told = { ...failure("Unknown", /^bug in the interceptor$/), cause: bug };
    await expect(facade.getProcess(name)).rejects.toMatchObject(told);
    await expect(collect(facade.streamOutput(name))).rejects.toMatchObject(told);
    const mine = new ConnectError("not today", Code.FailedPrecondition);
    const refusing = await start({ getProcess }, [() => () => Promise.reject(mine)]);
    expect(await rejection(refusing.facade.getProcess(name))).toBe(mine);
    expect(await rejection(collect(refusing.facade.streamOutput(name)))).toBe(mine);
    refusing.facade.close();
    expect(getProcess).not.toHaveBeenCalled();
    facade.close();
  });

  test("one that they throw after the answer is not met with another attempt either", async () => {
    const sendSignal = vi.fn(() => ({}));
    const throwing: Interceptor = (next) => async (req) => {
      await next(req);
      throw new ConnectError("I do not like that", Code.DataLoss);
    };
    const { facade } = await start({ sendSignal }, [throwing]);
    await expect(facade.sendSignal(name, "SIGTERM")).rejects.toMatchObject(
      failure("DataLoss", /^I do not like that$/),
    );
    expect(sendSignal).toHaveBeenCalledOnce();
    facade.close();
  });

  test("what the server refuses reaches them as an error, and passes through", async () => {
    const seen: unknown[] = [];
    const watching: Interceptor = (next) => async (req) => {
      try {
        return await next(req);
      } catch (error) {
        seen.push(error);
        throw error;
      }
    };
    const service = {
      getProcess: () => {
        throw new ConnectError("no such process", Code.NotFound);
      },
    };
    const { client, sent } = await start(service, [watching]);
    const error = await rejection(client.getProcess({ name }));
    expect(error).toMatchObject(failure("NotFound", /^no such process$/));
    expect(seen).toMatchObject([{ code: Code.NotFound, rawMessage: "no such process" }]);
    expect(sent[0]?.failure?.kind).toBe("status");
  });

  test("they can send a request again by themselves", async () => {
    let calls = 0;
    const service = {
      getProcess: () => {
        calls += 1;
        if (calls === 1) {
          throw new ConnectError("not now", Code.ResourceExhausted);
        }
        return { process: { name } };
      },
    };
    const again: Interceptor = (next) => (req) => next(req).catch(() => next(req));
    const { client } = await start(service, [again]);
    expect((await client.getProcess({ name })).process?.name).toBe(name);
    expect(calls).toBe(2);
  });

  test("the kind of a failure survives those that pass it on", async () => {
    const { client, sent, server } = await start({ streamOutput: followForever }, [
      (next) => async (req) => await next(req),
    ]);
    const follower = client.streamOutput({ name })[Symbol.asyncIterator]();
    await follower.next();
    const end = rejection(follower.next());
    for (const socket of server.sockets) {
      socket.resetAndDestroy();
    }
    expect(await end).toMatchObject(failure("Unavailable", /^connection lost: http:/));
    expect(sent[0]?.failure?.kind).toBe("lost");
    const { port, close } = await listen((await import("node:net")).createServer());
    await close();
    const refused = closing(
      createTransport(
        { aiemUrl: `http://127.0.0.1:${port}` },
        { ...options, interceptors: [(next) => async (req) => await next(req)] },
      ),
    );
    await rejection(createClient(ProcessService, refused.transport).getProcess({ name }));
    expect(refused.sent[0]?.failure?.kind).toBe("refused");
  });

  test("an attempt that is out of time is told as such through them", async () => {
    const service = { getProcess: () => new Promise<never>(() => {}) };
    const { facade } = await start(service, [(next) => (req) => next(req)], {
      attemptTimeoutMs: 100,
      retry: false,
    });
    await expect(facade.getProcess(name)).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: `GetProcess of ${name} was not answered within 100 ms`,
    });
    facade.close();
  });

  test("a caller who gives up is told so by the own reason, whatever they do", async () => {
    const stuck: Interceptor = () => () => new Promise<never>(() => {});
    const { facade } = await start({}, [stuck]);
    const reason = new Error("enough");
    for (const call of [
      (signal: AbortSignal) => facade.getProcess(name, { signal }),
      (signal: AbortSignal) => collect(facade.streamOutput(name, { signal })),
    ]) {
      const abort = new AbortController();
      const end = rejection(call(abort.signal));
      await new Promise(setImmediate);
      abort.abort(reason);
      expect(await end).toBe(reason);
    }
    facade.close();
  });
});
