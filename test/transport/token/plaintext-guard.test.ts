import { createClient, type Interceptor } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { TransportOptions } from "../../../src/transport/connection-config.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { startProcessServer } from "../support/process-server.js";

const REFUSED = failure(
  "FailedPrecondition",
  /^refused to send a token unencrypted to http:\/\/0\.0\.0\.0:\d+; use https:\/\/.*allowPlaintextToken: true$/,
);

const PROTOCOL_OPTIONS = ["grpc", "rest", "auto"] as const;

describe.each(PROTOCOL_OPTIONS)("%s", (protocol) => {
  async function start(tokenProvider: (() => string) | undefined, options: TransportOptions = {}) {
    const seen: unknown[] = [];
    const server = closing(
      await startProcessServer({
        service: { getProcess: () => ({}) },
        http1: protocol === "rest",
        onRequestHeaders: (headers) => seen.push(headers["authorization"]),
      }),
    );
    // Leads to this machine, but is no address of it, and so stands for another machine.
    const aiemUrl = `http://0.0.0.0:${server.port}`;
    const { transport } = closing(
      createTransport({ aiemUrl, tokenProvider }, { protocol, ...options }),
    );
    return { seen, client: createClient(ProcessService, transport) };
  }

  test("a token is not sent unencrypted to another machine, nor asked for", async () => {
    const provider = vi.fn(() => "secret");
    const { seen, client } = await start(provider);
    await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(REFUSED);
    expect(provider).not.toHaveBeenCalled();
    expect(seen).toEqual([]);
  });

  test("nor is one that the call or an interceptor brings", async () => {
    const interceptor: Interceptor = (next) => (req) => {
      req.header.set("authorization", "Bearer secret");
      return next(req);
    };
    for (const interceptors of [[], [interceptor]]) {
      const { seen, client } = await start(undefined, { interceptors });
      const headers = { ...(interceptors.length === 0 && { authorization: "Bearer secret" }) };
      await expect(client.getProcess({ name: PROCESS }, { headers })).rejects.toMatchObject(
        REFUSED,
      );
      expect(seen).toEqual([]);
    }
  });

  test("it is with allowPlaintextToken", async () => {
    const { seen, client } = await start(() => "secret", { allowPlaintextToken: true });
    await client.getProcess({ name: PROCESS });
    expect(seen).toEqual(["Bearer secret"]);
  });

  test("calls without a token need no permission", async () => {
    const { seen, client } = await start(undefined);
    await client.getProcess({ name: PROCESS });
    expect(seen).toEqual([undefined]);
  });
});
