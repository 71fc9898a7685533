import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "../../../../gen/grpc/reflection/v1/reflection_pb.js";
import { envelope, WholeMessages } from "../../../../src/transport/grpc/messages.js";
import { setWith } from "../../../support/renumbered-set.js";
import type { ProcessServerOptions } from "../../support/process-server.js";

/** One stream of reflection, as a script of a test answers it. */
export interface ReflectionStream {
  /** Which one it is, from 1 up. */
  readonly count: number;
  readonly version: string;
  readonly headers: Record<string, string | string[] | undefined>;
  /** Begins an answer. */
  head(): void;
  answer(response: ServerReflectionResponse["messageResponse"]): void;
  /** Answers with files. */
  files(...files: Uint8Array[]): void;
  error(errorCode: number, errorMessage?: string): void;
  /** Ends it with a status of gRPC. */
  status(code: number, message?: string, more?: OutgoingHttpHeaders): void;
  /** Answers with what is no gRPC. */
  http(status: number): void;
  reset(code: number): void;
  /** Ends the connection. */
  destroy(): void;
}

export type Question = ServerReflectionRequest["messageRequest"];
type Script = (stream: ReflectionStream, question: Question) => void;

const PATH = /\/grpc\.reflection\.(?<version>v1|v1alpha)\.ServerReflection\/ServerReflectionInfo$/;

/**
 * Answers reflection by a script, to be given to `startProcessServer`. As behind an edge that buffers
 * requests, the script gets them at their ends; what it has answered then ends as well.
 */
export function reflecting(script: Script) {
  const questions: string[] = [];
  let count = 0;
  let open = 0;
  const instead: ProcessServerOptions["instead"] = (request, response) => {
    const version = PATH.exec(request.url ?? "")?.groups?.["version"];
    if (version === undefined || !("stream" in response)) {
      return false;
    }
    count += 1;
    open += 1;
    const { stream } = response;
    stream.on("error", () => undefined);
    stream.on("close", () => {
      open -= 1;
    });
    const answers = answersOn(stream, count, version, request.headers);
    const asked: Question[] = [];
    const reader = new WholeMessages(1 << 20, (bytes) => {
      asked.push(fromBinary(ServerReflectionRequestSchema, bytes).messageRequest);
    });
    request.on("data", (chunk: Buffer) => reader.push(chunk));
    request.on("end", () => {
      for (const question of asked) {
        const value = typeof question.value === "string" ? question.value : "";
        questions.push(`${question.case} ${value}`.trim());
        script(answers, question);
      }
      answers.end();
    });
    return true;
  };
  return {
    instead,
    /** What was asked, in all streams. */
    questions,
    get streams() {
      return count;
    },
    /** How many streams are open now. */
    get open() {
      return open;
    },
  };
}

function answersOn(
  stream: ServerHttp2Stream,
  count: number,
  version: string,
  headers: ReflectionStream["headers"],
): ReflectionStream & { end(): void } {
  let isAnswered = false;
  const head = { ":status": 200, "content-type": "application/grpc" };
  const begin = () => {
    if (!stream.headersSent) {
      stream.respond(head, { waitForTrailers: true });
    }
  };
  const answer = (messageResponse: ServerReflectionResponse["messageResponse"]) => {
    begin();
    isAnswered = true;
    const response = create(ServerReflectionResponseSchema, { messageResponse });
    stream.write(envelope(toBinary(ServerReflectionResponseSchema, response)));
  };
  return {
    count,
    version,
    headers,
    head: begin,
    answer,
    files: (...fileDescriptorProto) =>
      answer({
        case: "fileDescriptorResponse",
        value: {
          $typeName: "grpc.reflection.v1.FileDescriptorResponse",
          fileDescriptorProto,
        },
      }),
    error: (errorCode, errorMessage = "no") =>
      answer({
        case: "errorResponse",
        value: { $typeName: "grpc.reflection.v1.ErrorResponse", errorCode, errorMessage },
      }),
    status(code, message = "no", more = {}) {
      const status = { "grpc-status": `${code}`, "grpc-message": message, ...more };
      if (stream.headersSent) {
        // Node's ServerResponse would send its own, which are none.
        stream.removeAllListeners("wantTrailers");
        stream.on("wantTrailers", () => stream.sendTrailers(status));
        stream.end();
      } else {
        stream.respond({ ...head, ...status }, { endStream: true });
      }
    },
    end() {
      if (isAnswered && !stream.destroyed && !stream.writableEnded) {
        this.status(0);
      }
    },
    http(status) {
      stream.respond({ ":status": status, "content-type": "text/html" });
      stream.end("no");
    },
    reset: (code) => stream.close(code),
    destroy: () => stream.session?.destroy(),
  };
}

/** The files of a set as reflection answers them, by their names. */
export function filesOf(set: Uint8Array): Map<string, Uint8Array> {
  return new Map(
    fromBinary(FileDescriptorSetSchema, set).file.map((file) => [
      file.name,
      toBinary(FileDescriptorProtoSchema, file),
    ]),
  );
}

/** Answers with a contract; with ours by default. */
export function tells(set = setWith({})): Script {
  const files = [...filesOf(set).values()];
  const services = fromBinary(FileDescriptorSetSchema, set).file.flatMap((file) =>
    file.service.map(({ name }) => `${file.package}.${name}`),
  );
  return (stream, question) => {
    if (question.case === "listServices") {
      answerServices(stream, services);
    } else if (typeof question.value === "string" && services.includes(question.value)) {
      stream.files(...files);
    } else {
      stream.error(Code.NotFound);
    }
  };
}

/** Answers with the names of services. */
export function answerServices(stream: ReflectionStream, names: readonly string[]): void {
  const service = names.map((name) => ({
    $typeName: "grpc.reflection.v1.ServiceResponse" as const,
    name,
  }));
  stream.answer({
    case: "listServicesResponse",
    value: { $typeName: "grpc.reflection.v1.ListServiceResponse", service },
  });
}
