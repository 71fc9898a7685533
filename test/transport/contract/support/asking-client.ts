import type { ServiceImpl } from "@connectrpc/connect";
import type { ProcessService } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type ClientOptions, type ConnectionConfig, ProcessClient } from "../../../../src/index.js";
import type { ProtocolEvent } from "../../../../src/transport/protocol-event.js";
import { closing } from "../../support/cleanup.js";
import { type ProcessServer, startProcessServer } from "../../support/process-server.js";
import { type Calls, goodService } from "./guarded-service.js";
import type { reflecting } from "./reflecting.js";

export type Config = Partial<ConnectionConfig>;

/** A client that has to ask for the numbers. It is closed after the test. */
export function clientOf(aiemUrl: string, config: Config = {}, options: ClientOptions = {}) {
  const events: ProtocolEvent[] = [];
  const client = new ProcessClient(
    { aiemUrl, ...config },
    {
      protocol: "grpc",
      retry: { baseDelayMs: 1, maxDelayMs: 2 },
      onProtocol: (event) => events.push(event),
      ...options,
    },
  );
  closing({ close: async () => client.close() });
  return { client, events };
}

/** A server with reflection by a script, or without any, and a client of it. */
export async function asking(
  reflection: ReturnType<typeof reflecting> | undefined,
  config: Config = {},
  options: ClientOptions = {},
  service: Partial<ServiceImpl<typeof ProcessService>> = {},
) {
  const calls: Calls = [];
  const server: ProcessServer = closing(
    await startProcessServer({
      service: { ...goodService(calls), ...service },
      ...(reflection && { instead: reflection.instead }),
    }),
  );
  return { ...clientOf(server.url, config, options), server, calls };
}
