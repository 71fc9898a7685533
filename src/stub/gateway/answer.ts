import type { JsonValue } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";

import type { NodeResponse } from "../server/node-handler.js";
import { statusOf } from "./error-status.js";
import { httpStatusOf } from "./http-status.js";
import { setChallenge } from "./response-headers.js";

/** Starts an answer in JSON. */
export function startJson(response: NodeResponse, status: number): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "application/json");
}

/** Answers in JSON. */
export function answerJson(response: NodeResponse, json: JsonValue): void {
  startJson(response, 200);
  response.end(JSON.stringify(json));
}

/** Starts the answer of an error that nothing was sent before. */
export function startError(response: NodeResponse, { code, rawMessage }: ConnectError): void {
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
