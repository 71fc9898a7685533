import { createServer } from "node:http2";
import {
  type CallOptions,
  createClient,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll } from "vitest";
import { ProcessService } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { contractOfSet } from "../../../../src/contract/contract.js";
import { serviceInContract } from "../../../../src/stub/service/service-in-contract.js";
import { Truth } from "../../../polyglot/support/answers.js";
import { listen } from "../../support/listen.js";
import type { ProcessServerOptions } from "../../support/process-server.js";

/** A server before a stub that speaks by many contracts, and does not tell them by itself. */
export interface ChangedServer extends AsyncDisposable {
  /** The address of the service that speaks by the contract of these descriptors. */
  urlOf(descriptorSet: Uint8Array, instead?: ProcessServerOptions["instead"]): string;
}

/**
 * Starts one for the tests of a file, before a stub whose truth is known.
 *
 * @returns what is there once the tests run.
 */
export function useChangedServer(): () => {
  readonly truth: Truth;
  readonly server: ChangedServer;
} {
  let truth: Truth;
  let server: ChangedServer;

  beforeAll(async () => {
    truth = await Truth.prepare();
    server = await startChangedServer(truth.stub.url);
  });

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await truth?.[Symbol.asyncDispose]();
  });

  return () => ({ truth, server });
}

/** Each contract has a path of its own; gRPC has no other service there. */
async function startChangedServer(stubUrl: string): Promise<ChangedServer> {
  const handlers = new Map<string, ReturnType<typeof connectNodeAdapter>>();
  const service = forwarding(stubUrl);
  const server = createServer((request, response) => {
    const [, prefix = ""] = request.url.split("/");
    handlers.get(prefix)?.(request, response);
  });
  server.on("sessionError", () => undefined);
  const { port, close } = await listen(server);
  return {
    urlOf(descriptorSet, instead) {
      const contract = contractOfSet(descriptorSet);
      const prefix = `${handlers.size}`;
      const handler = connectNodeAdapter({
        requestPathPrefix: `/${prefix}`,
        // The stub, which has our numbers, must not find those that this server does not know.
        binaryOptions: { readUnknownFields: false },
        routes: (router) =>
          // Its messages have our types.
          router.service(
            contract.service as typeof ProcessService,
            serviceInContract(service, contract),
          ),
      });
      handlers.set(prefix, (request, response) =>
        instead?.(request, response) ? undefined : handler(request, response),
      );
      return `http://127.0.0.1:${port}/${prefix}`;
    },
    [Symbol.asyncDispose]: close,
  };
}

function forwarding(stubUrl: string): ServiceImpl<typeof ProcessService> {
  const stub = createClient(ProcessService, createGrpcTransport({ baseUrl: stubUrl }));
  const optionsOf = ({ requestHeader, signal, timeoutMs }: HandlerContext): CallOptions => ({
    headers: { authorization: requestHeader.get("authorization") ?? "" },
    signal,
    timeoutMs: timeoutMs() ?? 0,
  });
  return {
    createProcess: (request, context) => stub.createProcess(request, optionsOf(context)),
    startProcess: (request, context) => stub.startProcess(request, optionsOf(context)),
    getProcess: (request, context) => stub.getProcess(request, optionsOf(context)),
    listProcesses: (request, context) => stub.listProcesses(request, optionsOf(context)),
    sendSignal: (request, context) => stub.sendSignal(request, optionsOf(context)),
    waitProcess: (request, context) => stub.waitProcess(request, optionsOf(context)),
    readOutput: (request, context) => stub.readOutput(request, optionsOf(context)),
    readOutputFrames: (request, context) => stub.readOutputFrames(request, optionsOf(context)),
    streamOutput: (request, context) => stub.streamOutput(request, optionsOf(context)),
  };
}
