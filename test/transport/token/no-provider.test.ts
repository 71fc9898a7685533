import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientOptions, Code, ProcessClient } from "../../../src/index.js";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { collect } from "../../support/collect.js";
import { rejection } from "../../support/rejection.js";
import { PROTOCOLS } from "../support/protocols.js";

const HINT = "this client sends no token: give it a tokenProvider";

let stub: StubServer;
beforeAll(async () => {
  stub = await startStubServer();
});
afterAll(() => stub.close());

const CLIENTS: readonly ClientOptions[] = [...PROTOCOLS, { protocol: "auto" }];

describe.each(CLIENTS)("a call that is refused, over $protocol, HTTP/$httpVersion", (options) => {
  it("points to the token provider where there is none", async () => {
    await using client = new ProcessClient({ contract: "built-in", aiemUrl: stub.url }, options);
    const name = `${stub.parent}/processes/p`;
    const errors = [
      await rejection(client.getProcess(name)),
      await rejection(client.createProcess(stub.parent, { command: "true" })),
      await rejection(client.waitProcess(name)),
      await rejection(collect(client.streamOutput(name))),
      await rejection(collect(client.listAllProcesses(stub.parent))),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({
        code: Code.Unauthenticated,
        rawMessage: expect.stringMatching(new RegExp(`^the call carries no token.*; ${HINT}$`)),
      });
    }
  });

  it("does not where the caller sends a token, by a provider, a header or an interceptor", async () => {
    await using provided = new ProcessClient(
      { contract: "built-in", aiemUrl: stub.url, tokenProvider: "bad" },
      options,
    );
    await using bare = new ProcessClient({ contract: "built-in", aiemUrl: stub.url }, options);
    await using intercepted = new ProcessClient(
      { contract: "built-in", aiemUrl: stub.url },
      {
        ...options,
        interceptors: [
          (next) => (request) => {
            request.header.set("authorization", "Bearer bad");
            return next(request);
          },
        ],
      },
    );
    const headers = { authorization: "Bearer bad" };
    for (const [client, more] of [
      [provided, {}],
      [bare, { headers }],
      [intercepted, {}],
    ] as const) {
      const error = await rejection(client.getProcess(`${stub.parent}/processes/p`, more));
      expect(error).toMatchObject({ code: Code.Unauthenticated });
      expect(String(error)).not.toContain(HINT);
    }
  });
});
