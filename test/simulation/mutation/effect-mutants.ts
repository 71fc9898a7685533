import { randomUUID } from "node:crypto";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { CreateProcessRequestSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type * as SendSignal from "../../../src/client/send-signal.js";
import type * as SettledCall from "../../../src/client/settled-call.js";
import type { Http2Listener, Http2Request } from "../../../src/transport/http2/http2.js";
import type * as VirtualHttp2 from "../network/virtual-http2.js";
import { mutant } from "./mutant.js";

export const createsAgainUnderANewId = mutant<typeof VirtualHttp2>(
  "../network/virtual-http2.js",
  (original) => ({
    VirtualHttp2: class extends original.VirtualHttp2 {
      override request(request: Http2Request, listener: Http2Listener) {
        const isCreate = String(request.headers[":path"]).endsWith("/CreateProcess");
        const body = isCreate ? withNewId(request.body) : request.body;
        return super.request({ ...request, body }, listener);
      }
    },
  }),
);

export const looksForNoEffect = mutant<typeof SettledCall>(
  "../../../src/client/settled-call.js",
  () => ({
    settledCall: async (caller, call, options) => {
      const { run } = await import("../../../src/call/run.js");
      return await run(caller, { ...call, settle: async () => undefined }, options);
    },
  }),
);

export const sendsSignalsAgain = mutant<typeof SendSignal>(
  "../../../src/client/send-signal.js",
  (original) => ({
    // As if somebody had looked whether the first one arrived.
    sendSignal: async (caller, name, signal, { headers, ...limit }) => {
      const { run } = await import("../../../src/call/run.js");
      const call = original.signalCall(name, Number(signal), headers);
      return await run(caller, { ...call, settle: async () => undefined }, limit);
    },
  }),
);

// One message of gRPC: a byte for its compression, and its length in four.
const HEAD_BYTES = 5;

function withNewId(body: Uint8Array): Uint8Array {
  const message = fromBinary(CreateProcessRequestSchema, body.subarray(HEAD_BYTES));
  const bytes = toBinary(CreateProcessRequestSchema, { ...message, processId: randomUUID() });
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
