import type { ServiceImpl } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { ProcessService } from "../../../src/gen.js";
import { type ClientOptions, ProcessClient } from "../../../src/index.js";
import { closing } from "../../transport/support/cleanup.js";
import {
  type ProcessServerOptions,
  startProcessServer,
} from "../../transport/support/process-server.js";
import { PROTOCOLS } from "../../transport/support/protocols.js";

/** The ways in which a client reaches a server: each protocol, and a transport of the user's own. */
export const CLIENTS = [
  ...PROTOCOLS.map((way) => ({ title: `${way.protocol} over HTTP/${way.httpVersion}`, ...way })),
  { title: "a transport of one's own", protocol: "own", httpVersion: "2" },
] as const;

/** A server with the handlers of a test, and a client of it. Both are closed after the test. */
export async function servedClient(
  { protocol, httpVersion }: (typeof CLIENTS)[number],
  service: Partial<ServiceImpl<typeof ProcessService>>,
  options: ClientOptions & { readonly token?: string } = {},
  server: Partial<ProcessServerOptions> = {},
): Promise<ProcessClient> {
  const http1 = httpVersion === "1.1";
  const { url } = closing(await startProcessServer({ service, http1, ...server }));
  const { token: tokenProvider, ...rest } = options;
  const client =
    protocol === "own"
      ? new ProcessClient({ transport: createGrpcTransport({ baseUrl: url }) }, rest)
      : new ProcessClient(
          { contract: "built-in", aiemUrl: url, tokenProvider },
          { ...rest, protocol, httpVersion },
        );
  closing({
    async close() {
      client.close();
    },
  });
  return client;
}
