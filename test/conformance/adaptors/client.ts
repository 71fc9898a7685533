/**
 * A client for Connect's conformance suite: sends the RPCs that it reads from standard input through
 * this package's transports, and writes what became of them to standard output.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { create, type DescMessage, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyIs } from "@bufbuild/protobuf/wkt";
import {
  type ClientCompatRequest,
  ClientCompatRequestSchema,
  ClientCompatResponseSchema,
  type ClientResponseResultSchema,
} from "#suite/client_compat_pb.js";
import {
  type ConformancePayload,
  ConformancePayloadSchema,
  ConformanceService,
} from "#suite/service_pb.js";
import { readDelimited, writeDelimited } from "./delimited.js";
import type { Driver, Rpc } from "./driver.js";
import { Drivers } from "./drivers.js";
import { appendHeaders, toError, toHeaders } from "./metadata.js";

// More would make the short deadlines of some cases a matter of this machine's load.
const MOST_AT_A_TIME = 8;

const { unary, idempotentUnary, unimplemented, serverStream } = ConformanceService.method;

const drivers = new Drivers();
const running = new Set<Promise<void>>();
for await (const request of readDelimited(ClientCompatRequestSchema, process.stdin)) {
  const answering = answer(request).finally(() => running.delete(answering));
  running.add(answering);
  if (running.size >= MOST_AT_A_TIME) {
    await Promise.race(running);
  }
}
await Promise.all(running);
// Idle connections to the suite's servers may be left.
process.stdout.end(() => process.exit());

async function answer(request: ClientCompatRequest): Promise<void> {
  const { testName } = request;
  let result: MessageInitShape<typeof ClientCompatResponseSchema>["result"];
  try {
    result = { case: "response", value: await send(request) };
  } catch (error) {
    result = { case: "error", value: { message: String(error) } };
  }
  writeDelimited(ClientCompatResponseSchema, process.stdout, { testName, result });
}

/** Sends an RPC. What it fails with is a part of the result; what is thrown is this program's fault. */
async function send(
  request: ClientCompatRequest,
): Promise<MessageInitShape<typeof ClientResponseResultSchema>> {
  const driver = drivers.for(request);
  const controller = new AbortController();
  const rpc: Rpc = {
    headers: new Headers(),
    timeoutMs: request.timeoutMs,
    signal: controller.signal,
    response: { header: new Headers(), trailer: new Headers() },
  };
  appendHeaders(rpc.headers, request.requestHeaders);
  const { payloads, call } = prepare(driver, request, rpc, () => controller.abort());
  let error: MessageInitShape<typeof ClientResponseResultSchema>["error"];
  try {
    const called = call();
    const { case: timing, value } = request.cancel?.cancelTiming ?? {};
    if (request.cancel && timing !== "afterNumResponses") {
      // A call that is over before that has nothing to cancel, and is not waited for here.
      called.catch(() => {});
      await sleep(timing === "afterCloseSendMs" ? value : 0);
      controller.abort();
    }
    await called;
  } catch (thrown) {
    error = toError(thrown);
  }
  const { header, trailer } = rpc.response;
  return {
    payloads,
    responseHeaders: toHeaders(header),
    responseTrailers: toHeaders(trailer),
    ...(error && { error }),
  };
}

/** @returns how to send the RPC, and where the payloads of its answer will be. */
function prepare(
  driver: Driver,
  request: ClientCompatRequest,
  rpc: Rpc,
  cancel: () => void,
): { payloads: ConformancePayload[]; call: () => Promise<void> } {
  const payloads: ConformancePayload[] = [];
  const take = ({ payload }: { readonly payload?: ConformancePayload | undefined }) => {
    payloads.push(payload ?? create(ConformancePayloadSchema));
  };
  const { method, requestMessages } = request;
  switch (method) {
    case unary.name: {
      const input = unpack(unary.input, requestMessages);
      return { payloads, call: async () => take(await driver.unary(unary, input, rpc)) };
    }
    case idempotentUnary.name: {
      const input = unpack(idempotentUnary.input, requestMessages);
      return { payloads, call: async () => take(await driver.unary(idempotentUnary, input, rpc)) };
    }
    case unimplemented.name: {
      const input = unpack(unimplemented.input, requestMessages);
      return {
        payloads,
        call: async () => {
          await driver.unary(unimplemented, input, rpc);
        },
      };
    }
    case serverStream.name: {
      const input = unpack(serverStream.input, requestMessages);
      const { case: timing, value } = request.cancel?.cancelTiming ?? {};
      return {
        payloads,
        call: async () => {
          for await (const message of driver.serverStream(serverStream, input, rpc)) {
            take(message);
            if (timing === "afterNumResponses" && payloads.length === value) {
              cancel();
            }
          }
        },
      };
    }
    default:
      throw new Error(`the client has no calls like ${method}: see the suite's config`);
  }
}

/** The one request message of a unary or server-streaming call. */
function unpack<T extends DescMessage>(schema: T, messages: readonly Any[]) {
  const [message] = messages;
  if (message === undefined || messages.length > 1 || !anyIs(message, schema)) {
    throw new Error(`one ${schema.typeName} is needed, and nothing else`);
  }
  return fromBinary(schema, message.value);
}
