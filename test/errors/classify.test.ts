import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failureOf } from "../../src/client/attempt-failure.js";
import type { Failure } from "../../src/errors/failure.js";
import { ProcessService } from "../../src/gen.js";
import { ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { runInCall } from "../../src/transport/call-context.js";
import { CallRecord } from "../../src/transport/call-record.js";
import { authorized } from "../contract/targets/requests.js";
import { collect } from "../support/collect.js";
import { createTransport } from "../support/create-transport.js";
import { rejection } from "../support/rejection.js";
import { type Break, STREAM_BREAKS, UNARY_BREAKS } from "./broken-calls.js";

const WAYS = [
  { protocol: "grpc", httpVersion: "2", own: true },
  { protocol: "connect", httpVersion: "2", own: true },
  { protocol: "connect", httpVersion: "1.1", own: true },
  { protocol: "rest", httpVersion: "1.1", own: true },
  { protocol: "grpc-web", httpVersion: "2", own: false },
  { protocol: "grpc-web", httpVersion: "1.1", own: false },
] as const;

describe.each(WAYS)("over $protocol and HTTP/$httpVersion", (way) => {
  let stub: StubServer;
  let client: ReturnType<typeof createClient<typeof ProcessService>>;
  let close: () => void;
  let name: string;
  beforeEach(async () => {
    stub = await startStubServer();
    ({ client, close } = open());
    const process = { command: "/bin/echo", args: ["out"] };
    const created = await client.createProcess({ parent: stub.parent, process, autoRun: true });
    name = created.process?.name ?? "";
    await client.waitProcess({ name });
  });
  afterEach(async () => {
    close();
    await stub.close();
  });

  function open({ aiemUrl, tokenProvider } = stub.connection) {
    if (way.protocol === "grpc-web") {
      const { httpVersion } = way;
      const transport = createGrpcWebTransport({ baseUrl: aiemUrl, httpVersion });
      return {
        client: createClient(ProcessService, authorized(transport, tokenProvider)),
        close: () => undefined,
      };
    }
    const { transport, close } = createTransport({ aiemUrl, tokenProvider }, way);
    return { client: createClient(ProcessService, transport), close };
  }

  async function failureIn(call: () => Promise<unknown>): Promise<Failure> {
    const record = new CallRecord();
    const error = await rejection(runInCall(record, call));
    return failureOf(error, way.own ? record : undefined);
  }

  function expected({ own, http1, foreign }: Break) {
    if (!way.own && foreign) {
      return foreign;
    }
    return way.httpVersion === "1.1" && http1 ? http1 : own;
  }

  it.each(UNARY_BREAKS)("a unary call: $title", async (broken) => {
    stub.faults.add({ method: "GetProcess", ...broken.fault });
    const failure = await failureIn(() => client.getProcess({ name }));
    expect(failure).toMatchObject(expected(broken));
  });

  // A stream of REST that ends well tells no status, so that none can be missing.
  const streamBreaks = STREAM_BREAKS.filter(
    ({ fault }) => way.protocol !== "rest" || fault.fault !== "no-trailers",
  );

  it.each(streamBreaks)("a stream after its first message: $title", async (broken) => {
    stub.faults.add({ method: "StreamOutput", ...broken.fault });
    const failure = await failureIn(() => collect(client.streamOutput({ name })));
    expect(failure).toMatchObject(expected(broken));
  });

  it("a connection that is refused", async () => {
    // A port that no call went to, so that no connection to it is left over anywhere.
    await using other = await startStubServer();
    await other.stop();
    const { client, close } = open(other.connection);
    expect(await failureIn(() => client.getProcess({ name }))).toEqual({ kind: "refused" });
    close();
  });

  it("a server that went away since the last call", async () => {
    await stub.stop();
    const { kind } = await failureIn(() => client.getProcess({ name }));
    expect(["refused", "lost"]).toContain(kind);
  });

  it("the deadline of the attempt", async () => {
    stub.faults.add({ method: "GetProcess", fault: "hang" });
    const failure = await failureIn(() => client.getProcess({ name }, { timeoutMs: 100 }));
    expect(failure).toEqual({ kind: "deadline" });
  });

  it("a GOAWAY that lets the call finish is no failure", async () => {
    stub.faults.add({ method: "GetProcess", fault: "goaway" });
    expect(await client.getProcess({ name })).toMatchObject({ process: { name } });
    expect(await client.getProcess({ name })).toMatchObject({ process: { name } });
  });

  it("the caller's own abort is told by its signal, whatever the transport makes of it", async () => {
    stub.faults.add({ method: "*", nth: "every", fault: "hang" });
    const config = way.own
      ? stub.connection
      : {
          transport: authorized(
            createGrpcWebTransport({ baseUrl: stub.url, httpVersion: way.httpVersion }),
            stub.token,
          ),
        };
    await using facade = new ProcessClient(
      config,
      way.own ? { protocol: way.protocol, httpVersion: way.httpVersion } : {},
    );
    const reasons = [new Error("enough"), new ConnectError("mine", Code.Unavailable), "a string"];
    for (const reason of reasons) {
      for (const call of [
        (signal: AbortSignal) => facade.getProcess(name, { signal }),
        (signal: AbortSignal) => collect(facade.streamOutput(name, { signal })),
      ]) {
        const before = stub.faults.calls("*");
        const abort = new AbortController();
        const end = rejection(call(abort.signal));
        await expect.poll(() => stub.faults.calls("*")).toBe(before + 1);
        abort.abort(reason);
        expect(await end).toBe(reason);
        expect(stub.faults.calls("*")).toBe(before + 1);
      }
    }
  });
});
