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
import { startTimer } from "../../async/timer.js";
import { contractOf, serviceIn } from "../../contract/contract.js";
import type { Failure } from "../../errors/outcome.js";
import { type AskServer, REFLECTION_SILENCE_MS, type Told } from "../contract/contract-source.js";
import { shownFailure } from "../shown-failure.js";
import { SAME_TOKEN } from "../token.js";
import { type Attempt, type Connection, LEFT, newAttempt } from "../wire.js";
import { GrpcCall, type GrpcSettings } from "./grpc-call.js";
import { envelope, type MessageReader, WholeMessages } from "./messages.js";

// The two have the same messages, in different packages.
const VERSIONS = ["v1", "v1alpha"] as const;
const MOST_FILES = 64;
const MOST_BYTES = 4 * 1024 * 1024;
const NOT_FOUND = 5;

/** Asks servers for their contract, by gRPC server reflection. */
export function askByReflection(settings: GrpcSettings): AskServer {
  return async ({ hints, limit }, silentMs) => {
    let { rejectedToken } = hints;
    let refused: string | undefined;
    const ask = (version: (typeof VERSIONS)[number]): Promise<Heard> => {
      const attempt = newAttempt({ headers: hints.headers, rejectedToken }, limit);
      return limit.isEnded
        ? Promise.resolve({ failure: LEFT })
        : new Conversation(settings, attempt, version, silentMs).heard;
    };
    let missing = "";
    for (const version of VERSIONS) {
      let heard = await ask(version);
      if ("rejectedToken" in heard && refused === undefined) {
        ({ rejectedToken, why: refused } = heard);
        heard = await ask(version);
      }
      if ("rejectedToken" in heard) {
        return { refusal: heard.why };
      }
      if ("failure" in heard && heard.failure === SAME_TOKEN && refused !== undefined) {
        // There is no other token, and the call itself may be allowed with this one.
        return { refusal: refused };
      }
      if (!("missing" in heard)) {
        return heard;
      }
      missing ||= heard.missing;
    }
    return { refusal: missing };
  };
}

/** What one conversation came to. */
type Heard =
  | Told
  /** The service is not there. */
  | { readonly missing: string }
  /** Its token, which a provider gave, was refused. */
  | { readonly rejectedToken: string; readonly why: string };

type Question = ServerReflectionRequest["messageRequest"];

/**
 * Asks by one version of reflection, one stream after another until all is known; one is enough where a
 * file comes with its imports, as a rule. Each has all of its questions at once, and an answer to each
 * in the same order: many an edge hands on no request before its end (nginx's proxy_request_buffering),
 * and an open one would be silence.
 */
class Conversation {
  readonly heard: Promise<Heard>;
  readonly #settings: GrpcSettings;
  readonly #attempt: Attempt;
  readonly #path: string;
  readonly #silentBefore: (connection: Connection) => number;
  readonly #files = new Map<string, FileDescriptorProto>();
  readonly #asked = new Set<string>();
  // Those of this stream without an answer, in their order; and those of the next one.
  #questions: Question[] = [];
  #next: Question[] = [];
  #call: GrpcCall | undefined;
  #service: string = ProcessService.typeName;
  #hasListed = false;
  #missingFile: string | undefined;
  #bytes = 0;
  #hasAnswered = false;
  // Since when it is silent, and how long it was silent before that.
  #since = 0;
  #beforeMs = 0;
  #stopTimer: (() => void) | undefined;
  #isOver = false;
  #settle: (heard: Heard) => void = () => undefined;

  constructor(
    settings: GrpcSettings,
    attempt: Attempt,
    version: (typeof VERSIONS)[number],
    silentMs: (connection: Connection) => number,
  ) {
    this.#settings = settings;
    this.#attempt = attempt;
    this.#path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    this.#silentBefore = silentMs;
    this.heard = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#ask({ case: "fileContainingSymbol", value: this.#service });
    this.#send();
  }

  #ask(question: Question): void {
    this.#next.push(question);
  }

  #send(): void {
    this.#questions = this.#next;
    this.#next = [];
    const reader = new WholeMessages(MOST_BYTES, (message) => this.#onMessage(message));
    this.#call = new ReflectionCall(
      this.#settings,
      this.#attempt,
      reader,
      (failure) => this.#onEnd(failure),
      (connection) => this.#onSent(connection),
    );
    this.#call.start(this.#path, Buffer.concat(this.#questions.map(bodyOf)));
  }

  #onSent(connection: Connection): void {
    this.#since = performance.now();
    this.#beforeMs = this.#hasAnswered ? 0 : this.#silentBefore(connection);
    this.#watch();
  }

  get #silentMs(): number {
    return this.#beforeMs + performance.now() - this.#since;
  }

  #watch(): void {
    this.#stopTimer?.();
    const leftMs = Math.max(0, REFLECTION_SILENCE_MS - this.#silentMs);
    this.#stopTimer = startTimer(leftMs, () => {
      // What came while this process stood still is read first.
      setImmediate(() => {
        if (!this.#isOver && !this.#tellSilence()) {
          this.#watch();
        }
      });
    });
  }

  #tellSilence(): boolean {
    const silentMs = this.#silentMs;
    const { connection } = this.#attempt.evidence;
    if (!connection || silentMs < REFLECTION_SILENCE_MS) {
      return false;
    }
    this.#tell({ silentMs, connection, failure: LEFT });
    return true;
  }

  #tell(heard: Heard): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    this.#stopTimer?.();
    this.#settle(heard);
    // Without effect where the stream has ended.
    this.#call?.close();
  }

  #refuse(why: string): void {
    this.#tell({ refusal: this.#shown(why) });
  }

  /** A text of the server's, without the token that was sent to it. */
  #shown(message: string): string {
    const failure = { kind: "status", code: Code.Unknown, message } as const;
    return shownFailure(failure, this.#attempt.evidence).message;
  }

  #onMessage(message: Uint8Array): void {
    if (this.#isOver) {
      return;
    }
    this.#since = performance.now();
    this.#beforeMs = 0;
    this.#hasAnswered = true;
    try {
      const { messageResponse } = fromBinary(ServerReflectionResponseSchema, message);
      this.#onAnswer(messageResponse, this.#questions.shift());
    } catch (error) {
      // What the server sent is none of what it should be.
      const why = error instanceof Error ? error.message : String(error);
      this.#refuse(`its answer cannot be used: ${why}`);
    }
  }

  #onAnswer(
    answer: ServerReflectionResponse["messageResponse"],
    question: Question | undefined,
  ): void {
    switch (answer.case) {
      case "fileDescriptorResponse":
        this.#onFiles(answer.value.fileDescriptorProto);
        break;
      case "listServicesResponse":
        this.#hasListed = true;
        this.#service = serviceIn(answer.value.service.map(({ name }) => name));
        this.#ask({ case: "fileContainingSymbol", value: this.#service });
        break;
      case "errorResponse": {
        const { errorCode, errorMessage } = answer.value;
        const isMissing = errorCode === NOT_FOUND;
        if (isMissing && question?.case === "fileContainingSymbol" && !this.#hasListed) {
          // It may be called otherwise there.
          this.#ask({ case: "listServices", value: "" });
        } else if (isMissing && question?.case === "fileByFilename") {
          // What has options only is not needed, and some servers do not have it.
          this.#missingFile ??= question.value;
          this.#onFiles([]);
        } else {
          this.#refuse(`${errorMessage} (code ${errorCode})`);
        }
        break;
      }
      case "allExtensionNumbersResponse":
      case undefined:
        this.#refuse("it answers another question");
    }
  }

  #onFiles(files: readonly Uint8Array[]): void {
    for (const bytes of files) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      this.#bytes += this.#files.has(file.name) ? 0 : bytes.length;
      this.#files.set(file.name, file);
    }
    const isTooMuch = () =>
      this.#bytes > MOST_BYTES ||
      this.#files.size + this.#questions.length + this.#next.length > MOST_FILES;
    for (const name of [...this.#files.values()].flatMap(({ dependency }) => dependency)) {
      // Those of google are the same everywhere, and some servers do not have them.
      const isKnown = this.#files.has(name) || this.#asked.has(name) || name.startsWith("google/");
      if (!isKnown && !isTooMuch()) {
        this.#asked.add(name);
        this.#ask({ case: "fileByFilename", value: name });
      }
    }
    if (isTooMuch()) {
      this.#refuse(`its contract is more than ${MOST_FILES} files or ${MOST_BYTES} bytes`);
    } else if (this.#questions.length + this.#next.length === 0) {
      this.#tellContract();
    }
  }

  #tellContract(): void {
    const contract = contractOf(this.#files.values(), this.#service);
    if (this.#missingFile !== undefined && contract.gaps.length > 0) {
      this.#refuse(`it does not have its own file ${this.#missingFile}`);
    } else {
      this.#tell({ contract });
    }
  }

  #onEnd(failure: Failure | undefined): void {
    this.#stopTimer?.();
    if (!failure && !this.#isOver && this.#questions.length === 0 && this.#next.length > 0) {
      this.#send();
      return;
    }
    this.#tell(
      failure
        ? this.#meaningOf(shownFailure(failure, this.#attempt.evidence))
        : { refusal: "it ended without an answer" },
    );
  }

  #meaningOf(failure: Failure): Heard {
    const { token, connection } = this.#attempt.evidence;
    // Whatever became of it, the call that waits for it was not sent.
    const message = `${failure.message} (the server was asked for its contract, which the option contract does without)`;
    const unsent: Failure = { ...failure, kind: "refused", message };
    switch (failure.kind) {
      case "local":
        return failure === LEFT && connection
          ? { silentMs: this.#silentMs, connection, failure }
          : { failure };
      case "deadline":
        return connection
          ? { silentMs: this.#silentMs, connection, failure: unsent }
          : { failure: unsent };
      case "refused":
        // A server that cannot be reached is not known to refuse this alone.
        return { failure: connection ? unsent : failure };
      case "lost":
      case "unavailable":
        return { failure: unsent, broken: failure.kind === "lost" ? connection : undefined };
      case "unreadable":
        return { refusal: failure.message };
      case "status": {
        if (failure.delay !== undefined && failure.delay !== "never") {
          return { failure: unsent };
        }
        // HTTP 404 as well, which is what gRPC makes of it (http-grpc-status-mapping.md).
        if (failure.code === Code.Unimplemented) {
          return { missing: failure.message };
        }
        return failure.code === Code.Unauthenticated && token !== undefined
          ? { rejectedToken: token, why: failure.message }
          : { refusal: failure.message };
      }
    }
  }
}

function bodyOf(messageRequest: Question): Uint8Array {
  const request = create(ServerReflectionRequestSchema, { messageRequest });
  return envelope(toBinary(ServerReflectionRequestSchema, request));
}

/** A call that tells when it was sent. */
class ReflectionCall extends GrpcCall {
  readonly #onSent: (connection: Connection) => void;

  constructor(
    settings: GrpcSettings,
    attempt: Attempt,
    reader: MessageReader,
    done: (failure: Failure | undefined) => void,
    onSent: (connection: Connection) => void,
  ) {
    super(settings, attempt, reader, done);
    this.#onSent = onSent;
  }

  override sent(connection: Connection): void {
    super.sent(connection);
    this.#onSent(connection);
  }
}
