import { createClient, type Interceptor } from "@connectrpc/connect";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type ClientOptions, ProcessClient } from "../../../src/index.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "./cleanup.js";
import { type ProcessServerOptions, startProcessServer } from "./process-server.js";
import type { PROTOCOLS } from "./protocols.js";

/** Starts a server of a service, and clients over a protocol with interceptors before it. */
export function startIntercepted(protocol: (typeof PROTOCOLS)[number]) {
  return async (
    service: ProcessServerOptions["service"],
    interceptors: Interceptor[],
    { tokenProvider, ...options }: ClientOptions & { readonly tokenProvider?: string } = {},
  ) => {
    const headers: Record<string, unknown>[] = [];
    const server = closing(
      await startProcessServer({
        service,
        http1: protocol.httpVersion === "1.1",
        onRequestHeaders: (seen) => headers.push(seen),
      }),
    );
    const config = { contract: "built-in" as const, aiemUrl: server.url, tokenProvider };
    const { transport, sent } = closing(createTransport(config, { ...protocol, interceptors }));
    const client = createClient(ProcessService, transport);
    const facade = new ProcessClient(config, { ...protocol, ...options, interceptors });
    closing({ close: async () => facade.close() });
    return { server, headers, sent, client, facade };
  };
}
