import { once } from "node:events";
import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ConnectError,
  createHandlerContext,
  createServiceImplSpec,
  type HandlerContext,
  type MethodImplSpec,
  type ServiceImpl,
} from "@connectrpc/connect";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ProcessService } from "../../../src/gen.js";
import { headersFromMetadata, metadataFromHeaders } from "./metadata.js";

/** A server of another gRPC implementation. */
export interface GrpcJsServer extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string;
}

/** Serves this implementation of the service with `@grpc/grpc-js`, without TLS. */
export async function startGrpcJsServer(
  service: ServiceImpl<typeof ProcessService>,
): Promise<GrpcJsServer> {
  const server = new Server();
  const definition: Record<string, MethodDefinition<Message, Message>> = {};
  const implementation: UntypedServiceImplementation = {};
  const { methods } = createServiceImplSpec<typeof ProcessService>(ProcessService, service);
  for (const [name, spec] of Object.entries(methods)) {
    definition[name] = definitionOf(spec);
    implementation[name] = handlerOf(spec);
  }
  server.addService(definition satisfies ServiceDefinition, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      await new Promise((resolve) => server.tryShutdown(resolve));
    },
  };
}

type Message = Parameters<typeof toBinary<DescMessage>>[1];

function definitionOf({ method, kind }: MethodImplSpec): MethodDefinition<Message, Message> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: kind === "client_streaming" || kind === "bidi_streaming",
    responseStream: kind === "server_streaming" || kind === "bidi_streaming",
    requestSerialize: (message) => Buffer.from(toBinary(method.input, message)),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

function handlerOf(spec: MethodImplSpec): UntypedHandleCall {
  switch (spec.kind) {
    case "unary":
      return unaryHandler(spec);
    case "server_streaming":
      return serverStreamingHandler(spec);
    case "client_streaming":
    case "bidi_streaming":
      throw new Error(`${spec.method.name}: the contract has no streams of requests`);
  }
}

type SpecOf<Kind> = Extract<MethodImplSpec, { readonly kind: Kind }>;

function unaryHandler(spec: SpecOf<"unary">): handleUnaryCall<Message, Message> {
  return async (call, callback) => {
    try {
      const response = await spec.impl(call.request, contextOf(spec, call));
      callback(null, create(spec.method.output, response));
    } catch (error) {
      callback(statusOf(error));
    }
  };
}

function serverStreamingHandler(
  spec: SpecOf<"server_streaming">,
): handleServerStreamingCall<Message, Message> {
  return async (call) => {
    const context = contextOf(spec, call);
    try {
      for await (const response of spec.impl(call.request, context)) {
        if (!call.write(create(spec.method.output, response))) {
          await once(call, "drain", { signal: context.signal });
        }
      }
      call.end();
    } catch (error) {
      call.emit("error", statusOf(error));
    }
  };
}

type ServerCall = Pick<
  Parameters<handleUnaryCall<Message, Message>>[0],
  "metadata" | "on" | "getPath"
>;

function contextOf({ method }: MethodImplSpec, call: ServerCall): HandlerContext {
  const cancelled = new AbortController();
  // Also at the deadline, which is grpc-js's own affair.
  call.on("cancelled", () => cancelled.abort());
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: call.getPath(),
    requestHeader: headersFromMetadata(call.metadata),
    requestSignal: cancelled.signal,
  });
}

function statusOf(thrown: unknown) {
  const { code, rawMessage: details, metadata } = ConnectError.from(thrown);
  return { code: code.valueOf(), details, metadata: metadataFromHeaders(metadata) };
}
