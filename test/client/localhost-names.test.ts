import { Socket } from "node:net";
import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ProcessSchema } from "../../src/gen.js";
import { ProcessClient, refreshTokenProvider } from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import { closing } from "../transport/support/cleanup.js";
import { failure } from "../transport/support/failure.js";
import { startProcessServer } from "../transport/support/process-server.js";
import { PROTOCOLS } from "../transport/support/protocols.js";

const NAME = "workspaces/w/sandboxEngines/e/processes/p";
const HOST = "api.localhost";
const TOKEN = { authorization: "Bearer s3cret-token" };

// Every name leads to this machine, as it does with a resolver that follows RFC 6761.
vi.mock("node:dns", async (original) => ({
  ...(await original<typeof import("node:dns")>()),
  lookup(_host: string, _options: unknown, done: (error: null, addresses: unknown) => void) {
    process.nextTick(done, null, [{ address: "127.0.0.1", family: 4 }]);
  },
}));

// What a socket's remoteAddress comes from, which itself cannot be replaced.
const PEER_NAME = "_getpeername";
const peerName: unknown = Reflect.get(Socket.prototype, PEER_NAME);

/** Lets connections of the name seem to lead to another machine: there is none for a test. */
function leadElsewhere(): void {
  const address = { address: "192.0.2.7", family: "IPv4", port: 1 };
  Reflect.set(Socket.prototype, PEER_NAME, () => address);
}

afterEach(() => {
  Reflect.set(Socket.prototype, PEER_NAME, peerName);
});

describe.each([...PROTOCOLS, { protocol: "auto", httpVersion: "2" } as const])(
  "a name under localhost, over $protocol and HTTP/$httpVersion",
  ({ protocol, httpVersion }) => {
    async function start(tokenProvider?: string) {
      const seen: unknown[] = [];
      const server = closing(
        await startProcessServer({
          http1: httpVersion === "1.1",
          service: { getProcess: ({ name }) => ({ process: create(ProcessSchema, { name }) }) },
          onRequestHeaders: (headers) => seen.push(headers["authorization"]),
        }),
      );
      const aiemUrl = `http://${HOST}:${server.port}`;
      const options = { protocol, httpVersion, retry: false } as const;
      const client = new ProcessClient({ contract: "built-in", aiemUrl, tokenProvider }, options);
      closing({
        async close() {
          client.close();
        },
      });
      const refused = failure(
        "FailedPrecondition",
        new RegExp(
          `^refused to send a token unencrypted to ${aiemUrl}, since ${HOST} is 192.0.2.7, which is not this machine; use https://, or .* allowPlaintextToken: true$`,
        ),
      );
      return { client, seen, refused };
    }

    it("gets a token where it leads to this machine", async () => {
      const { client, seen } = await start("s3cret-token");
      await client.getProcess(NAME);
      expect(seen).toEqual([TOKEN.authorization]);
    });

    it("gets none where it leads to another one", async () => {
      const { client, seen, refused } = await start("s3cret-token");
      leadElsewhere();
      expect(await rejection(client.getProcess(NAME))).toMatchObject(refused);
      expect(await rejection(client.getProcess(NAME))).toMatchObject(refused);
      expect(seen).toEqual([]);
    });

    it("gets calls without a token, and none with one, whichever comes first", async () => {
      const { client, seen, refused } = await start();
      leadElsewhere();
      await client.getProcess(NAME);
      const call = client.getProcess(NAME, { headers: TOKEN });
      expect(await rejection(call)).toMatchObject(refused);
      expect(seen).toEqual([undefined]);
    });
  },
);

it("a refresh token does not go to a name under localhost that leads to another machine", async () => {
  const server = closing(await startProcessServer({ http1: true, service: {} }));
  leadElsewhere();
  const provider = refreshTokenProvider({
    tokenEndpoint: `http://${HOST}:${server.port}/token`,
    clientId: "c",
    refreshToken: "r3fresh-token",
  });
  if (typeof provider === "string") {
    throw new Error("it is a function");
  }
  const { signal } = new AbortController();
  const error = await rejection(Promise.resolve(provider({ signal })));
  expect(error).toMatchObject(
    failure("FailedPrecondition", /^refused to send a token .* which is not this machine/),
  );
});
