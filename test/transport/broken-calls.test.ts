import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Failure } from "../../src/errors/outcome.js";
import { ProcessService } from "../../src/gen.js";
import { type ClientOptions, ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { wireOf } from "../../src/transport/foreign.js";
import { authorized } from "../contract/targets/requests.js";
import { collect } from "../support/collect.js";
import { createTransport } from "../support/create-transport.js";
import { rejection } from "../support/rejection.js";
import { type Sent, transportOfWire } from "../support/transport-of-wire.js";
import { type Break, STREAM_BREAKS, UNARY_BREAKS } from "./support/broken-calls.js";

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
  let client: Opened["client"];
  let sent: Opened["sent"];
  let close: Opened["close"];
  let name: string;
  beforeEach(async () => {
    stub = await startStubServer();
    ({ client, sent, close } = open());
    const process = { command: "/bin/echo", args: ["out"] };
    const created = await client.createProcess({ parent: stub.parent, process, autoRun: true });
    name = created.process?.name ?? "";
    await client.waitProcess({ name });
  });
  afterEach(async () => {
    close();
    await stub.close();
  });

  type Opened = ReturnType<typeof open>;

  function foreign({ aiemUrl, tokenProvider }: StubServer["connection"]) {
    const { httpVersion } = way;
    return authorized(createGrpcWebTransport({ baseUrl: aiemUrl, httpVersion }), tokenProvider);
  }

  function open(connection = stub.connection) {
    if (way.own) {
      const { transport, sent, close } = createTransport(connection, way);
      return { client: createClient(ProcessService, transport), sent, close };
    }
    const sent: Sent[] = [];
    const transport = transportOfWire(wireOf(foreign(connection)), sent);
    return { client: createClient(ProcessService, transport), sent, close: () => undefined };
  }

  function facade(options: ClientOptions = {}) {
    return way.own
      ? new ProcessClient(stub.connection, {
          protocol: way.protocol,
          httpVersion: way.httpVersion,
          ...options,
        })
      : new ProcessClient({ transport: foreign(stub.connection) }, options);
  }

  async function failureIn(call: Promise<unknown>): Promise<Failure | undefined> {
    await rejection(call);
    return sent.at(-1)?.failure;
  }

  function expected({ own, http1, foreign }: Break) {
    if (!way.own && foreign) {
      return foreign;
    }
    return way.httpVersion === "1.1" && http1 ? http1 : own;
  }

  it.each(UNARY_BREAKS)("a unary call: $title", async (broken) => {
    stub.faults.add({ method: "GetProcess", ...broken.fault });
    const failure = await failureIn(client.getProcess({ name }));
    const { delay, ...others } = expected(broken);
    expect(failure).toMatchObject(others);
    expect(failure?.delay).toEqual(delay);
  });

  // A stream of REST that ends well tells no status, so that none can be missing.
  const streamBreaks = STREAM_BREAKS.filter(
    ({ fault }) => way.protocol !== "rest" || fault.fault !== "no-trailers",
  );

  it.each(streamBreaks)("a stream after its first message: $title", async (broken) => {
    stub.faults.add({ method: "StreamOutput", ...broken.fault });
    const failure = await failureIn(collect(client.streamOutput({ name })));
    expect(failure).toMatchObject(expected(broken));
  });

  it("a connection that is refused", async () => {
    // A port that no call went to, so that no connection to it is left over anywhere.
    await using other = await startStubServer();
    await other.stop();
    const { client, sent, close } = open(other.connection);
    await rejection(client.getProcess({ name }));
    expect(sent[0]?.failure?.kind).toBe("refused");
    close();
  });

  it("a server that went away since the last call", async () => {
    await stub.stop();
    const failure = await failureIn(client.getProcess({ name }));
    expect(["refused", "lost"]).toContain(failure?.kind);
  });

  it("the deadline of the attempt", async () => {
    stub.faults.add({ method: "GetProcess", fault: "hang" });
    await using impatient = facade({ attemptTimeoutMs: 100, retry: false });
    await expect(impatient.getProcess(name)).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: `GetProcess of ${name} was not answered within 100 ms`,
    });
  });

  it("a GOAWAY that lets the call finish is no failure", async () => {
    stub.faults.add({ method: "GetProcess", fault: "goaway" });
    expect(await client.getProcess({ name })).toMatchObject({ process: { name } });
    expect(await client.getProcess({ name })).toMatchObject({ process: { name } });
  });

  it("the caller's own abort is told by its signal, whatever the transport makes of it", async () => {
    stub.faults.add({ method: "*", nth: "every", fault: "hang" });
    await using client = facade();
    const reasons = [new Error("enough"), new ConnectError("mine", Code.Unavailable), "a string"];
    for (const reason of reasons) {
      for (const call of [
        (signal: AbortSignal) => client.getProcess(name, { signal }),
        (signal: AbortSignal) => collect(client.streamOutput(name, { signal })),
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
