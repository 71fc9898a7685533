import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  OutputStream,
  Process_State,
} from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  GetProcessResponseSchema,
  ProcessService,
  StreamOutputResponseSchema,
} from "../../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Limit, type LimitOptions } from "../../../../src/async/limit.js";
import type { Failure } from "../../../../src/errors/outcome.js";
import { createClientWire } from "../../../../src/transport/client-wire.js";
import type { TransportOptions } from "../../../../src/transport/connection-config.js";
import { envelope } from "../../../../src/transport/grpc/messages.js";
import { type Hints, newAttempt } from "../../../../src/transport/wire.js";
import { closing } from "../../support/cleanup.js";
import { PROCESS } from "../../support/process-name.js";
import type { Fields, FrameStream } from "./frame-server.js";

/** What a call came to. */
export interface Result {
  /** Of a unary call, the name in the answer; of output, the bytes of all frames. */
  readonly value: string | undefined;
  readonly failure: Failure | undefined;
  readonly header: Headers;
  readonly trailer: Headers;
}

export type Kind = "unary" | "output";

/** Both ways to call. */
export const KINDS: readonly Kind[] = ["unary", "output"];

/** A wire to a server, and how to send GetProcess and StreamOutput over it. */
export function grpcTo(url: string, options: TransportOptions = {}) {
  const wire = closing(
    createClientWire({ contract: "built-in", aiemUrl: url }, { protocol: "grpc", ...options }),
  );

  async function call(
    kind: Kind,
    hints: Hints = {},
    limitOptions: LimitOptions = {},
  ): Promise<Result> {
    const response = { header: new Headers(), trailer: new Headers() };
    const attempt = newAttempt(hints, new Limit(limitOptions), response);
    let value: string | undefined;
    let failure: Failure | undefined;
    if (kind === "unary") {
      const outcome = await wire.unary(GET, { name: PROCESS }, attempt);
      value = outcome.ok ? outcome.value.process?.name : undefined;
      failure = outcome.ok ? undefined : outcome.failure;
    } else {
      const source = wire.output({ name: PROCESS, skipReplay: false }, attempt);
      value = "";
      for (;;) {
        const arrival = await source.wait();
        if (!arrival.ok || arrival.value === "end") {
          failure = arrival.ok ? undefined : arrival.failure;
          break;
        }
        const batch = source.take();
        for (let i = 0; i < (batch?.count ?? 0); i += 1) {
          value += Buffer.from(batch?.data(i) ?? []).toString();
        }
      }
    }
    attempt.limit.release();
    return { value, failure, ...response };
  }

  return { wire, call };
}

const GET = ProcessService.method.getProcess;

/** The headers of an answer that is gRPC. */
export const HEAD: Fields = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];

/** The status of a call, as trailers have it. */
export function status(code: number | string, message?: string, ...more: Fields): Fields {
  return [
    ["grpc-status", `${code}`],
    ...(message === undefined ? [] : ([["grpc-message", message]] as const)),
    ...more,
  ];
}

/** The answer of GetProcess, as DATA. */
export function processMessage(
  state: Process_State = Process_State.SUCCEEDED,
  name = PROCESS,
): Uint8Array {
  const answer = create(GetProcessResponseSchema, { process: { name, state } });
  return envelope(toBinary(GetProcessResponseSchema, answer));
}

/** A frame of standard output, as DATA. */
export function outputMessage(text: string): Uint8Array {
  return message(StreamOutputResponseSchema, {
    stream: OutputStream.STDOUT,
    data: Buffer.from(text),
  });
}

function message(
  schema: typeof StreamOutputResponseSchema,
  init: MessageInitShape<typeof StreamOutputResponseSchema>,
): Uint8Array {
  return envelope(toBinary(schema, create(schema, init)));
}

/** A good message for a kind of call, and what it is read as. */
export function goodMessage(kind: Kind): { readonly bytes: Uint8Array; readonly value: string } {
  return kind === "unary"
    ? { bytes: processMessage(), value: PROCESS }
    : { bytes: outputMessage("hello"), value: "hello" };
}

/** Answers with a message and a status. */
export function answerWith(bytes: Uint8Array, trailers: Fields = status(0)) {
  return (stream: FrameStream): void => {
    stream.headers(HEAD);
    stream.data(bytes);
    stream.headers(trailers, "end");
  };
}
