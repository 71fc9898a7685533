import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessClient, refreshTokenProvider, TokenEndpointError } from "../../../src/index.js";
import { closing } from "../../transport/support/cleanup.js";
import { startProcessServer } from "../../transport/support/process-server.js";
import { useEmptyEnvironment } from "../support/environment.js";
import type { Respond } from "../support/http-service.js";
import { granted, startIdentityProvider } from "../support/identity-provider.js";

useEmptyEnvironment();

const name = "workspaces/w/sandboxEngines/e/processes/p";

/** A client of a server that takes one token only. */
async function start(accepted: string, respond?: Respond) {
  const provider = await startIdentityProvider(respond);
  const server = closing(
    await startProcessServer({
      service: {
        getProcess: (_, { requestHeader }) => {
          if (requestHeader.get("authorization") !== `Bearer ${accepted}`) {
            throw new ConnectError("who are you?", Code.Unauthenticated);
          }
          return { process: { name } };
        },
      },
    }),
  );
  const tokenProvider = refreshTokenProvider({
    issuerUrl: provider.url,
    clientId: "c",
    refreshToken: "r",
  });
  const config = { contract: "built-in" as const, aiemUrl: server.url, tokenProvider };
  const client = new ProcessClient(config, { protocol: "grpc", retry: { baseDelayMs: 10 } });
  closing({ close: async () => client.close() });
  return { ...provider, client };
}

test("fifty calls whose token is refused go on with one new token", async () => {
  const { client, grants } = await start("access-2");
  const calls = Array.from({ length: 50 }, () => client.getProcess(name));
  await expect(Promise.all(calls)).resolves.toHaveLength(50);
  expect(grants()).toHaveLength(2);
});

test("a call outlives an identity provider that is away for a while", async () => {
  const { client, grants } = await start("access", (_, index) =>
    index < 4 ? { status: 503, headers: { "retry-after": "0" } } : granted("access"),
  );
  await expect(client.getProcess(name)).resolves.toMatchObject({ name });
  expect(grants()).toHaveLength(5);
});

test("a refused refresh token fails the call once, with the endpoint's error as its cause", async () => {
  const { client, grants } = await start("access", () => ({
    status: 400,
    body: { error: "invalid_grant" },
  }));
  const error: unknown = await client.getProcess(name).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: Code.Unauthenticated,
    rawMessage: expect.stringMatching(/^the token provider failed: .*invalid_grant; the refresh/),
    cause: expect.any(TokenEndpointError),
  });
  expect(grants()).toHaveLength(1);
});
