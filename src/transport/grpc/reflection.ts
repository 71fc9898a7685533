import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import { contractOf, serviceIn } from "../../contract/contract.js";
import type { Failure } from "../../errors/outcome.js";
import { type AskServer, REFLECTION_SILENCE_MS, type Told } from "../contract/contract-source.js";
import { type Attempt, type Connection, LEFT } from "../wire.js";
import { GrpcCall, type GrpcSettings } from "./grpc-call.js";
import { envelope, type MessageReader, WholeMessages } from "./messages.js";

// The two have the same messages, in different packages.
const VERSIONS = ["v1", "v1alpha"] as const;
const MOST_FILES = 64;
const MOST_BYTES = 4 * 1024 * 1024;
const NOT_FOUND = 5;

/** Asks servers for their contract, by gRPC server reflection. */
export function askByReflection(settings: GrpcSettings): AskServer {
  return async (attempt, silentMs) => {
    for (const version of VERSIONS) {
      if (attempt.limit.isEnded) {
        return { failure: LEFT };
      }
      const told = await new Conversation(settings, attempt, version, silentMs).told;
      if (told !== "unimplemented") {
        return told;
      }
    }
    return { refusal: "it has no reflection service" };
  };
}

type Question = ServerReflectionRequest["messageRequest"];

/** One stream of reflection: questions, and an answer to each in the same order. */
class Conversation {
  readonly told: Promise<Told | "unimplemented">;
  readonly #attempt: Attempt;
  readonly #call: GrpcCall;
  readonly #silenceMs: number;
  readonly #files = new Map<string, FileDescriptorProto>();
  readonly #asked = new Set<string>();
  #service: string = ProcessService.typeName;
  #unanswered = 0;
  #bytes = 0;
  #sentAt = 0;
  #silence: NodeJS.Timeout | undefined;
  #settle: (told: Told | "unimplemented") => void = () => undefined;

  /** @param silentMs how long the server has been silent about this before, on the same connection. */
  constructor(
    settings: GrpcSettings,
    attempt: Attempt,
    version: (typeof VERSIONS)[number],
    silentMs: number,
  ) {
    this.#attempt = attempt;
    this.#silenceMs = Math.max(0, REFLECTION_SILENCE_MS - silentMs);
    this.told = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const reader = new WholeMessages(MOST_BYTES, (message) => this.#onMessage(message));
    this.#call = new ReflectionCall(
      settings,
      attempt,
      reader,
      (failure) => this.#onEnd(failure),
      () => this.#onSent(),
    );
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const question = { case: "fileContainingSymbol", value: this.#service } as const;
    this.#call.start(path, this.#bodyOf(question), true);
  }

  #onSent(): void {
    this.#sentAt = performance.now();
    this.#silence = setTimeout(() => this.#tell({ silentMs: this.#silenceMs }), this.#silenceMs);
  }

  #tell(told: Told | "unimplemented"): void {
    clearTimeout(this.#silence);
    this.#settle(told);
    // Tells nothing more; without effect where the stream has ended.
    this.#call.close();
  }

  #ask(question: Question): void {
    this.#call.write(this.#bodyOf(question));
  }

  #bodyOf(messageRequest: Question): Uint8Array {
    this.#unanswered += 1;
    const request = create(ServerReflectionRequestSchema, { messageRequest });
    return envelope(toBinary(ServerReflectionRequestSchema, request));
  }

  #onMessage(message: Uint8Array): void {
    this.#silence?.refresh();
    this.#unanswered -= 1;
    try {
      this.#onAnswer(fromBinary(ServerReflectionResponseSchema, message).messageResponse);
    } catch (error) {
      // What the server sent is none of what it should be.
      const why = error instanceof Error ? error.message : String(error);
      this.#tell({ refusal: `its answer cannot be used: ${why}` });
    }
  }

  #onAnswer(answer: ServerReflectionResponse["messageResponse"]): void {
    switch (answer.case) {
      case "fileDescriptorResponse":
        this.#onFiles(answer.value.fileDescriptorProto);
        break;
      case "listServicesResponse":
        this.#service = serviceIn(answer.value.service.map(({ name }) => name));
        this.#ask({ case: "fileContainingSymbol", value: this.#service });
        break;
      case "errorResponse": {
        const { errorCode, errorMessage } = answer.value;
        const isOurs = this.#files.size === 0 && this.#service === ProcessService.typeName;
        if (errorCode === NOT_FOUND && isOurs) {
          // It may be called otherwise there.
          this.#ask({ case: "listServices", value: "" });
        } else {
          this.#tell({ refusal: `${errorMessage} (code ${errorCode})` });
        }
        break;
      }
      case "allExtensionNumbersResponse":
      case undefined:
        this.#tell({ refusal: "it answers another question" });
    }
  }

  #onFiles(files: readonly Uint8Array[]): void {
    for (const bytes of files) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      this.#bytes += this.#files.has(file.name) ? 0 : bytes.length;
      this.#files.set(file.name, file);
    }
    for (const name of [...this.#files.values()].flatMap(({ dependency }) => dependency)) {
      // Those of google are the same everywhere, and some servers do not have them.
      if (!this.#files.has(name) && !this.#asked.has(name) && !name.startsWith("google/")) {
        this.#asked.add(name);
        this.#ask({ case: "fileByFilename", value: name });
      }
    }
    if (this.#bytes > MOST_BYTES || this.#files.size + this.#unanswered > MOST_FILES) {
      const refusal = `its contract is more than ${MOST_FILES} files or ${MOST_BYTES} bytes`;
      this.#tell({ refusal });
    } else if (this.#unanswered === 0) {
      this.#tell({ contract: contractOf(this.#files.values(), this.#service) });
    }
  }

  #onEnd(failure: Failure | undefined): void {
    this.#tell(failure ? this.#meaningOf(failure) : { refusal: "it ended without an answer" });
  }

  #meaningOf(failure: Failure): Told | "unimplemented" {
    const { evidence, hints } = this.#attempt;
    if (failure === LEFT && evidence.connection && !evidence.answered) {
      return { silentMs: performance.now() - this.#sentAt };
    }
    switch (failure.kind) {
      case "local":
      case "refused":
        return { failure };
      case "lost":
      case "unavailable":
      case "deadline": {
        const message = `${failure.message} (the server was asked for its contract, which contract: "built-in" does without)`;
        // Whatever became of it, the call that waits for it was not sent.
        return {
          failure: { ...failure, kind: "refused", message },
          broken: failure.kind === "lost",
        };
      }
      case "unreadable":
        return { refusal: failure.message };
      case "status":
        if (failure.code === Code.Unimplemented && failure.protocol === "spoken") {
          return "unimplemented";
        }
        return failure.code === Code.Unauthenticated &&
          evidence.token !== undefined &&
          hints.rejectedToken === undefined
          ? // The call that waits for it gets another token, and asks once more.
            { failure }
          : { refusal: failure.message };
    }
  }
}

/** A call that tells when it was sent. */
class ReflectionCall extends GrpcCall {
  readonly #onSent: () => void;

  constructor(
    settings: GrpcSettings,
    attempt: Attempt,
    reader: MessageReader,
    done: (failure: Failure | undefined) => void,
    onSent: () => void,
  ) {
    super(settings, attempt, reader, done);
    this.#onSent = onSent;
  }

  override sent(connection: Connection): void {
    super.sent(connection);
    this.#onSent();
  }
}
