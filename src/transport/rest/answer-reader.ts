import { constants } from "node:buffer";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { isJsonObject } from "../../rest-rules/json.js";
import type { ServerAddress } from "../aiem-url.js";
import type { CallRecord } from "../call-record.js";
import { connectionLost } from "../errors/connection-lost.js";
import { type AskedFor, unknownPath } from "../errors/unknown-path.js";
import { answerMessage, parseJson, unreadable } from "./answer-json.js";
import type { HttpAnswer } from "./http-exchange.js";
import { mayBeJson, notRest } from "./not-rest.js";
import { readAll, readLines, TooManyBytes } from "./read-lines.js";
import { readStatus } from "./read-status.js";

// What JSON adds to a message of small fields.
const JSON_EXTRA_BYTES = 1024;
const MAX_ERROR_BYTES = 1024 * 1024;
const CHECK_THE_PATH = "if the resource exists, check the path of aiemUrl";

/** Reads the answers of grpc-gateway. */
export class AnswerReader {
  readonly #address: ServerAddress;
  readonly #readMaxBytes: number;
  readonly #maxJsonBytes: number;

  /** @param readMaxBytes how large a message may be; in base64 it is a third longer. */
  constructor(address: ServerAddress, readMaxBytes: number) {
    this.#address = address;
    this.#readMaxBytes = readMaxBytes;
    const longest = Math.ceil(readMaxBytes / 3) * 4 + JSON_EXTRA_BYTES;
    this.#maxJsonBytes = Math.min(longest, constants.MAX_STRING_LENGTH);
  }

  /** The message of a unary call. */
  async message<O extends DescMessage>(schema: O, answer: HttpAnswer): Promise<MessageShape<O>> {
    const bytes = await readAll(answer.body, this.#maxJsonBytes).catch((error) =>
      this.#fail(error),
    );
    const json = parseJson(bytes);
    if (json === undefined && !answer.endIsSure) {
      throw this.#cutOff();
    }
    return answerMessage(schema, json);
  }

  /** The messages of a stream, one JSON object a line. */
  async *messages<O extends DescMessage>(
    schema: O,
    answer: HttpAnswer,
    record: CallRecord,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    try {
      for await (const { bytes, terminated } of readLines(answer.body, this.#maxJsonBytes)) {
        const json = parseJson(bytes);
        if (json === undefined && !terminated) {
          throw this.#cutOff();
        }
        if (!isJsonObject(json)) {
          throw unreadable("a line of its stream is no JSON object");
        }
        const { result = null, error = null } = json;
        if (error !== null) {
          throw noted(readStatus(json, answer.header), record) ?? unreadable("an error of no code");
        }
        if (result === null) {
          throw unreadable("a line of its stream has neither a result nor an error");
        }
        yield answerMessage(schema, result);
      }
    } catch (error) {
      this.#fail(error);
    }
    if (!answer.endIsSure) {
      throw this.#cutOff();
    }
  }

  /**
   * Makes sure that an answer is one to read messages from.
   *
   * @throws ConnectError the server's own word, or what a proxy's amounts to.
   */
  async requireSuccess(answer: HttpAnswer, record: CallRecord, asked: AskedFor): Promise<void> {
    const successful = answer.status >= 200 && answer.status < 300;
    if (!mayBeJson(answer)) {
      throw notRest(answer, this.#address);
    }
    if (!successful) {
      const status = noted(await this.#status(answer), record) ?? notRest(answer, this.#address);
      throw isUnrouted(status) ? unknownPath(status, asked, CHECK_THE_PATH) : status;
    }
  }

  async #status(answer: HttpAnswer): Promise<ConnectError | undefined> {
    try {
      const json = parseJson(await readAll(answer.body, MAX_ERROR_BYTES));
      return json === undefined ? undefined : readStatus(json, answer.header);
    } catch (error) {
      if (error instanceof TooManyBytes) {
        return undefined;
      }
      throw error;
    }
  }

  #fail(error: unknown): never {
    if (!(error instanceof TooManyBytes)) {
      throw error;
    }
    const message = `a message is larger than readMaxBytes ${this.#readMaxBytes}; stream the output, or raise readMaxBytes`;
    throw new ConnectError(message, Code.ResourceExhausted);
  }

  #cutOff(): ConnectError {
    return connectionLost(this.#address.origin, "made a premature end of its answer");
  }
}

// grpc-gateway's own word about a path that it has no method for: it names nothing.
function isUnrouted({ code, rawMessage, details }: ConnectError): boolean {
  return code === Code.NotFound && rawMessage === "Not Found" && details.length === 0;
}

function noted(error: ConnectError | undefined, record: CallRecord): ConnectError | undefined {
  if (error) {
    record.noteStatus({ code: error.code, message: error.rawMessage });
  }
  return error;
}
