import { createConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import type { UniversalClientRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";

/** Answers HTTP requests in memory. */
export type InMemoryServer = (request: UniversalClientRequest) => Promise<UniversalServerResponse>;

/** Serves a service over gRPC and Connect. */
export function inMemoryServer(service: ServiceImpl<typeof ProcessService>): InMemoryServer {
  const { handlers } = createConnectRouter({ grpcWeb: false }).service(ProcessService, service);
  const byPath = new Map(handlers.map((handler) => [handler.requestPath, handler]));
  return async ({ url, method, header, body = nothing(), signal = NEVER }) => {
    const handler = byPath.get(new URL(url).pathname);
    if (!handler) {
      return { status: 404 };
    }
    return await handler({ httpVersion: "2.0", url, method, header, body, signal });
  };
}

const NEVER = new AbortController().signal;

async function* nothing(): AsyncGenerator<Uint8Array> {}
