import { create, type DescMessage, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import { Code, type ConnectError, type MethodImplSpec } from "@connectrpc/connect";
import { waitFor } from "../../async/wait-for.js";
import { shownError } from "../engine/refusals.js";
import type { NodeResponse } from "../server/node-handler.js";
import type { Call } from "./call.js";
import { httpStatusOf, statusOf } from "./errors.js";
import { messageToJson } from "./message-to-json.js";
import { setChallenge, setMetadataHeaders } from "./metadata.js";

/** Starts an answer in JSON. */
function startJson(response: NodeResponse, status: number): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "application/json");
}

/** Answers in JSON. */
function answerJson(response: NodeResponse, json: JsonValue): void {
  startJson(response, 200);
  response.end(JSON.stringify(json));
}

/** Starts the answer of an error that nothing was sent before. */
function startError(response: NodeResponse, { code, rawMessage }: ConnectError): void {
  startJson(response, httpStatusOf(code));
  if (code === Code.Unauthenticated) {
    setChallenge(response, rawMessage);
  }
}

/** Answers with an error: the JSON of a google.rpc.Status. */
export function answerError(response: NodeResponse, error: ConnectError): void {
  startError(response, error);
  response.end(JSON.stringify(statusOf(error)));
}

/** A method that answers one message with one. */
export type UnarySpec = Extract<MethodImplSpec, { readonly kind: "unary" }>;

/** Makes a call, and answers with its message or its error. */
export async function answerUnary(
  { method, impl }: UnarySpec,
  message: MessageShape<DescMessage>,
  { context, wire, gone }: Call,
  response: NodeResponse,
): Promise<void> {
  try {
    const answer = create(method.output, await impl(message, context));
    // As a gRPC client has it: what comes after the deadline comes too late.
    context.signal.throwIfAborted();
    const json = messageToJson(method.output, answer);
    if (await wire.mayWrite()) {
      setMetadataHeaders(response, context.responseHeader);
      answerJson(response, json);
    }
  } catch (reason) {
    if ((await wire.mayWrite()) && !gone.aborted) {
      const error = shownError(reason);
      setMetadataHeaders(response, context.responseHeader);
      setMetadataHeaders(response, error.metadata);
      answerError(response, error);
    }
  }
}

/** A method that answers one message with any number. */
export type StreamSpec = Extract<MethodImplSpec, { readonly kind: "server_streaming" }>;

/**
 * Makes a call, and answers with its messages, one line of JSON each: `{"result": …}`. An error is
 * the last line, `{"error": …}`. Before the first message nothing is sent, so that an error has its
 * HTTP status.
 */
export async function answerStream(
  { method, impl }: StreamSpec,
  message: MessageShape<DescMessage>,
  { context, wire, gone }: Call,
  response: NodeResponse,
): Promise<void> {
  const start = () => {
    if (!response.headersSent) {
      setMetadataHeaders(response, context.responseHeader);
      startJson(response, 200);
    }
  };
  try {
    for await (const item of impl(message, context)) {
      const result = messageToJson(method.output, create(method.output, item));
      if (!(await wire.mayWrite())) {
        return;
      }
      start();
      await writeThrough(response, `${JSON.stringify({ result })}\n`, context.signal);
    }
    // A service may end its messages at the deadline, which is no end of the output.
    context.signal.throwIfAborted();
    if (await wire.mayWrite()) {
      start();
      response.end();
    }
  } catch (reason) {
    if (!(await wire.mayWrite()) || gone.aborted) {
      return;
    }
    if (response.headersSent && wire.omitsTrailers) {
      response.end();
      return;
    }
    const error = shownError(reason);
    if (!response.headersSent) {
      setMetadataHeaders(response, context.responseHeader);
      setMetadataHeaders(response, error.metadata);
      startError(response, error);
    }
    response.end(`${JSON.stringify({ error: statusOf(error) })}\n`);
  }
}

/**
 * Writes to a response, and waits until it takes more.
 *
 * @throws the signal's reason where it aborts.
 */
async function writeThrough(
  response: NodeResponse,
  text: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!response.write(text)) {
    await waitFor((drained) => {
      response.once("drain", drained);
      return () => response.off("drain", drained);
    }, signal);
  }
}
