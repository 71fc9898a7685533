import { createHash, timingSafeEqual } from "node:crypto";
import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { shownError } from "../engine/refusals.js";
import type { Links } from "../faults/network/links.js";
import { httpStatusOf } from "../gateway/errors.js";
import { readJsonBody } from "../gateway/request.js";
import {
  abandon,
  answerJson,
  type NodeHandler,
  type NodeRequest,
  type NodeResponse,
  requestPath,
} from "../server/node-handler.js";
import { bearerToken } from "../service/access.js";
import type { ControlOperations } from "./control-operations.js";
import { CONTROL_PATH, findControlRoute } from "./control-routes.js";

/**
 * Serves the control API: JSON over HTTP, for whoever has its token. It says nothing about CORS, so
 * that no page of a browser can call it, and has to come before a handler that does.
 */
export function createControlHandler(
  operations: ControlOperations,
  token: string,
  links: Links,
): NodeHandler {
  async function answer(request: NodeRequest, response: NodeResponse): Promise<void> {
    try {
      send(response, 200, await serve(request, response));
    } catch (reason) {
      const error = reason instanceof TypeError ? invalid(reason) : shownError(reason);
      const { code, rawMessage } = error;
      if (code === Code.Unauthenticated) {
        response.setHeader("www-authenticate", "Bearer");
      }
      const status = response.hasHeader("allow") ? 405 : httpStatusOf(code);
      send(response, status, { code, message: rawMessage });
    }
  }

  async function serve(request: NodeRequest, response: NodeResponse): Promise<JsonValue> {
    if (!isSame(bearerToken(request.headers.authorization ?? ""), token)) {
      throw new ConnectError(
        "the control API needs its own token: send the header `authorization: Bearer <token>`",
        Code.Unauthenticated,
      );
    }
    const found = findControlRoute(request.method ?? "", requestPath(request));
    switch (found.kind) {
      case "unknown path":
        throw new ConnectError("the control API has no such path", Code.NotFound);
      case "other method":
        response.setHeader("allow", found.allowed.join(", "));
        throw new ConnectError("the path has other methods", Code.Unimplemented);
      case "found": {
        const body = await readJsonBody(request, true);
        const { remotePort } = request.socket;
        const { route, variable } = found;
        if (route.endsConnections) {
          endAfterwards(request, response, remotePort);
        }
        return await route.operation(operations, { variable, body, remotePort });
      }
    }
  }

  /** The connection of a restart is the last one of the server that was: it goes with its answer. */
  function endAfterwards(
    request: NodeRequest,
    response: NodeResponse,
    remotePort: number | undefined,
  ): void {
    if (!("stream" in request)) {
      response.setHeader("connection", "close");
    }
    const link = links.from(remotePort);
    // Node writes the end of a stream a moment after it has told it.
    response.once("close", () => setImmediate(() => link?.close()));
  }

  return (request, response) => {
    const path = requestPath(request);
    if (path !== CONTROL_PATH && !path.startsWith(`${CONTROL_PATH}/`)) {
      return false;
    }
    answer(request, response)
      .catch(() => abandon(request, response))
      .finally(() => request.resume());
    return true;
  };
}

function invalid({ message }: TypeError): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}

/** Compares in a time that tells nothing of the token. */
function isSame(given: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function send(response: NodeResponse, status: number, body: JsonValue): void {
  response.setHeader("cache-control", "no-store");
  answerJson(response, status, body);
}
