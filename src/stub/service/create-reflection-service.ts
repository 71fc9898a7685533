import { toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { ServerReflectionRequest } from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import type { ServerReflectionRequest as ServerReflectionRequestAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { shown } from "../engine/refusals.js";
import type { DescriptorIndex } from "./descriptor-index.js";

type AnyRequest = ServerReflectionRequest | ServerReflectionRequestAlpha;

type AskedOfFiles = Exclude<AnyRequest["messageRequest"], { case: "listServices" }>;

/** What the two versions of the service say alike. */
type Answer =
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | {
      case: "allExtensionNumbersResponse";
      value: { baseTypeName: string; extensionNumber: number[] };
    }
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "errorResponse"; value: { errorCode: number; errorMessage: string } };

/** A ServerReflection service, of any version. */
export interface ReflectionService {
  serverReflectionInfo<R extends AnyRequest>(
    requests: AsyncIterable<R>,
    context: HandlerContext,
  ): AsyncIterable<{ validHost: string; originalRequest: R; messageResponse: Answer }>;
}

/**
 * gRPC's server reflection of these services: grpc.reflection.v1 and v1alpha, which differ in their
 * names only. It answers as grpc-go does: a file comes with all that it imports, except for what the
 * stream has carried already.
 */
export function createReflectionService(
  services: readonly string[],
  index: DescriptorIndex,
): ReflectionService {
  const served = services.map((name) => ({ name }));
  return {
    async *serverReflectionInfo(requests) {
      const sent = new Set<string>();
      for await (const request of requests) {
        const messageResponse: Answer =
          request.messageRequest.case === "listServices"
            ? { case: "listServicesResponse", value: { service: served } }
            : describe([index, sent], request.messageRequest);
        yield { validHost: request.host, originalRequest: request, messageResponse };
      }
    },
  };
}

function describe(files: Files, asked: AskedOfFiles): Answer {
  const [index] = files;
  switch (asked.case) {
    case "fileByFilename":
      return fileAnswer(files, index.file(asked.value), `file ${shown(asked.value)}`);
    case "fileContainingSymbol":
      return fileAnswer(files, index.fileOfSymbol(asked.value), `symbol ${shown(asked.value)}`);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = asked.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return fileAnswer(files, file, `extension ${extensionNumber} of ${shown(containingType)}`);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = index.extensionNumbers(asked.value);
      if (extensionNumber === undefined) {
        return notFound(`message ${shown(asked.value)}`);
      }
      const value = { baseTypeName: asked.value, extensionNumber };
      return { case: "allExtensionNumbersResponse", value };
    }
    case undefined:
      throw new ConnectError(
        "message_request: none is set, or one that is not known",
        Code.InvalidArgument,
      );
  }
}

type Files = readonly [index: DescriptorIndex, sent: Set<string>];

function fileAnswer(
  [index, sent]: Files,
  file: FileDescriptorProto | undefined,
  what: string,
): Answer {
  if (file === undefined) {
    return notFound(what);
  }
  // The file itself in any case: an answer without it would be none.
  sent.delete(file.name);
  const fileDescriptorProto: Uint8Array[] = [];
  const queue = new Set([file]);
  for (const next of queue) {
    if (!sent.has(next.name)) {
      sent.add(next.name);
      fileDescriptorProto.push(toBinary(FileDescriptorProtoSchema, next));
    }
    for (const imported of next.dependency.flatMap((name) => index.file(name) ?? [])) {
      queue.add(imported);
    }
  }
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function notFound(what: string): Answer {
  const value = { errorCode: Code.NotFound, errorMessage: `there is no ${what}` };
  return { case: "errorResponse", value };
}
