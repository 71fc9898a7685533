import { createServer } from "node:net";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { collect } from "../support/collect.js";
import { createTransport } from "../support/create-transport.js";
import { rejection } from "../support/rejection.js";
import { closing } from "./support/cleanup.js";
import { failure } from "./support/failure.js";
import { followForever } from "./support/follow.js";
import { startIntercepted } from "./support/intercepted.js";
import { listen } from "./support/listen.js";
import { PROCESS } from "./support/process-name.js";
import { PROTOCOLS } from "./support/protocols.js";

const name = PROCESS;

describe.each(PROTOCOLS)("$protocol over HTTP/$httpVersion", (options) => {
  const start = startIntercepted(options);

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
    expect(getProcess).not.toHaveBeenCalled();
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
    const { port, close } = await listen(createServer());
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
  });
});
