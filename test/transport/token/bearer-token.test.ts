import { inspect } from "node:util";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { ProcessClient } from "../../../src/index.js";
import type { TokenProvider, TokenRequest } from "../../../src/transport/connection-config.js";
import { createTransport } from "../../support/create-transport.js";
import { type Sent, transportOfWire } from "../../support/transport-of-wire.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { startProcessServer } from "../support/process-server.js";
import { PROTOCOLS } from "../support/protocols.js";

describe.each(PROTOCOLS)("$protocol over HTTP/$httpVersion", (options) => {
  async function start(tokenProvider: TokenProvider, accepted = ["good"]) {
    const seen: (string | null)[] = [];
    const check = (header: Headers) => {
      const given = header.get("authorization");
      seen.push(given);
      if (!accepted.some((token) => given === `Bearer ${token}`)) {
        throw new ConnectError("who are you?", Code.Unauthenticated);
      }
    };
    const server = closing(
      await startProcessServer({
        http1: options.httpVersion === "1.1",
        service: {
          getProcess: (_, context) => {
            check(context.requestHeader);
            return { process: { name: PROCESS } };
          },
          async *streamOutput(_, context) {
            check(context.requestHeader);
            yield { data: new Uint8Array([1]) };
          },
        },
      }),
    );
    const config = { contract: "built-in" as const, aiemUrl: server.url, tokenProvider };
    const { transport, wire } = closing(createTransport(config, options));
    const sent: Sent[] = [];
    const client = createClient(ProcessService, transport);
    const facade = new ProcessClient(config, options);
    const open = async (rejectedToken?: string) => {
      const opening = createClient(ProcessService, transportOfWire(wire, sent, { rejectedToken }));
      return await opening.streamOutput({ name: PROCESS })[Symbol.asyncIterator]().next();
    };
    return { seen, sent, client, facade, open };
  }

  test("a fixed token is sent with each request, and tried once only", async () => {
    const { seen, client } = await start("good");
    await client.getProcess({ name: PROCESS });
    await client.getProcess({ name: PROCESS });
    expect(seen).toEqual(["Bearer good", "Bearer good"]);
    const bad = await start("bad");
    await expect(bad.facade.getProcess(PROCESS)).rejects.toMatchObject(
      failure("Unauthenticated", /^who are you\?$/),
    );
    expect(bad.seen).toEqual(["Bearer bad"]);
  });

  test("a provider is asked before each request", async () => {
    let calls = 0;
    const { seen, client } = await start(async () => `good${++calls}`, ["good1", "good2"]);
    await client.getProcess({ name: PROCESS });
    await client.getProcess({ name: PROCESS });
    expect(seen).toEqual(["Bearer good1", "Bearer good2"]);
  });

  test("a refused token is told to the provider, and the call sent again with another", async () => {
    const provider = vi.fn(({ rejectedToken }: TokenRequest) => (rejectedToken ? "good" : "old"));
    const { seen, facade } = await start(provider);
    await expect(facade.getProcess(PROCESS)).resolves.toBeDefined();
    expect(seen).toEqual(["Bearer old", "Bearer good"]);
    expect(provider.mock.calls.map(([request]) => request.rejectedToken)).toEqual([
      undefined,
      "old",
    ]);
  });

  test("a refused token is not sent a second time, and another one once only", async () => {
    const same = await start(() => "old");
    await expect(same.facade.getProcess(PROCESS)).rejects.toMatchObject(
      failure("Unauthenticated", /who are you/),
    );
    expect(same.seen).toEqual(["Bearer old"]);
    let calls = 0;
    const other = await start(() => `old${++calls}`);
    await expect(other.facade.getProcess(PROCESS)).rejects.toMatchObject(
      failure("Unauthenticated", /who are you/),
    );
    expect(other.seen).toEqual(["Bearer old1", "Bearer old2"]);
  });

  test("a stream that is opened again asks for another token than the refused one", async () => {
    const { seen, sent, open } = await start(({ rejectedToken }) =>
      rejectedToken ? "good" : "old",
    );
    await expect(open()).rejects.toMatchObject({ code: Code.Unauthenticated });
    const { token } = sent[0]?.attempt.evidence ?? {};
    expect(token).toBe("old");
    await expect(open(token)).resolves.toBeDefined();
    expect(seen).toEqual(["Bearer old", "Bearer good"]);
  });

  test("a stream is not opened again with the refused token", async () => {
    const { seen, open } = await start(() => "old");
    await expect(open()).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(open("old")).rejects.toMatchObject(
      failure("Unauthenticated", /^the token provider gave a refused token again$/),
    );
    expect(seen).toEqual(["Bearer old"]);
  });

  test("an authorization header of the call wins, and the provider is not asked", async () => {
    const provider = vi.fn(() => "good");
    const { seen, client } = await start(provider, ["mine"]);
    await client.getProcess({ name: PROCESS }, { headers: { Authorization: "Bearer mine" } });
    expect(seen).toEqual(["Bearer mine"]);
    expect(provider).not.toHaveBeenCalled();
  });

  test.each([
    ["", /^the token is empty$/],
    ["top secret", /^the token holds characters that cannot be in a header/],
    ["secret\r\nx: y", /^the token holds characters that cannot be in a header/],
    [
      "Bearer secret",
      /^the token begins with "Bearer", which the client adds: give the token alone$/,
    ],
    ["bearer secret", /^the token begins with "Bearer"/],
    ["secret\u00e9", /^the token holds characters that cannot be in a header/],
  ])("the token %j is refused without being shown", async (token, message) => {
    for (const provider of [token, () => token]) {
      const { seen, client } = await start(provider);
      const error: unknown = await client.getProcess({ name: PROCESS }).catch((reason) => reason);
      expect(error).toMatchObject(failure("InvalidArgument", message));
      expect(String(error)).not.toContain("secret");
      expect(seen).toEqual([]);
    }
  });

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [5, "number"],
    [{ token: "secret" }, "object"],
  ])("a provider that gives %j is named", async (given: unknown, kind) => {
    // What a caller in JavaScript can say.
    const { seen, client } = await start(() => given as string);
    await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject({
      ...failure("InvalidArgument", /^/),
      rawMessage: `tokenProvider must give the token as a string, but gave ${kind}`,
    });
    expect(seen).toEqual([]);
  });

  test("a provider that fails fails the call, and its error is the cause", async () => {
    const cause = new Error("no network");
    const { client } = await start(() => Promise.reject(cause));
    await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject({
      ...failure("Unauthenticated", /^the token provider failed: no network$/),
      cause,
    });
    const told = new ConnectError("later", Code.Unavailable);
    const { client: other } = await start(() => {
      throw told;
    });
    await expect(other.getProcess({ name: PROCESS })).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "later",
      cause: told,
    });
  });

  test("a call that is cancelled while the provider works ends at once", async () => {
    let signal: AbortSignal | undefined;
    const { seen, client } = await start((request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    const abort = new AbortController();
    const call = client.getProcess({ name: PROCESS }, { signal: abort.signal });
    const end = expect(call).rejects.toMatchObject({ code: Code.Canceled });
    await expect.poll(() => signal).toBeDefined();
    abort.abort(new Error("enough"));
    await end;
    expect(signal?.aborted).toBe(true);
    expect(seen).toEqual([]);
  });

  test("a token does not show in the error of its call, nor in the client", async () => {
    const { seen, facade } = await start(() => "s3cret");
    const error: unknown = await facade.getProcess(PROCESS).catch((reason) => reason);
    expect(error).toMatchObject({ code: Code.Unauthenticated });
    expect(seen).toEqual(["Bearer s3cret"]);
    for (const shown of [error, facade]) {
      expect(inspect(shown, { depth: 9, showHidden: true })).not.toContain("s3cret");
      expect(JSON.stringify(shown)).not.toContain("s3cret");
    }
  });
});
