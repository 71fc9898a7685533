import { constants } from "node:http2";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import { closing } from "../transport/support/cleanup.js";
import { startProcessServer } from "../transport/support/process-server.js";

const NAME = "workspaces/w/sandboxEngines/e/processes/p";
const { NGHTTP2_ENHANCE_YOUR_CALM } = constants;

describe.each(["grpc", "connect"] as const)("why a server says GOAWAY, over %s", (protocol) => {
  it("is told in the error of a call that it ends", async () => {
    const server = closing(
      await startProcessServer({
        service: {
          getProcess: () => {
            const debug = Buffer.from("too_many_pings\u001b[31m");
            server.sessions.at(-1)?.goaway(NGHTTP2_ENHANCE_YOUR_CALM, 2 ** 31 - 1, debug);
            return new Promise<never>(() => undefined);
          },
        },
      }),
    );
    await using client = new ProcessClient(
      { contract: "built-in", aiemUrl: server.url },
      { protocol, retry: false },
    );
    expect(await rejection(client.getProcess(NAME))).toMatchObject({
      code: Code.Unavailable,
      rawMessage: `GetProcess of ${NAME}: connection lost: ${server.url} closed it with GOAWAY ENHANCE_YOUR_CALM (too_many_pings\\x1b[31m)`,
    });
  });
});
