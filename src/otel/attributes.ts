import { type Attributes, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { AttemptMessage, CallMessage, ServerInfo } from "../diagnostics/messages.js";
import { STATUS_NAMES } from "../model/status-names.js";

// Semantic conventions 1.45. By hand: as constants they would be a dependency, which is updated
// every month.
export const RPC_METHOD = "rpc.method";
const SERVER_ADDRESS = "server.address";
const SERVER_PORT = "server.port";
export const PROTOCOL_VERSION = "network.protocol.version";
export const ERROR_TYPE = "error.type";
const RPC_SYSTEM_NAME = "rpc.system.name";
const RPC_STATUS_CODE = "rpc.status_code";
const HTTP_METHOD = "http.request.method";
const HTTP_STATUS = "http.response.status_code";
const HTTP_RESENDS = "http.request.resend_count";
const URL_FULL = "url.full";
const URL_TEMPLATE = "url.template";

// By gRPC's numbers, which Connect's `Code` has, too.
const CODES = ["OK", ...STATUS_NAMES] as const;

type Code = (typeof CODES)[number];

/** How a call is spoken; undefined while that is not settled. */
type System = "grpc" | "connectrpc" | "http" | undefined;

function systemOf({ server, http }: CallMessage | AttemptMessage): System {
  if (http) {
    return "http";
  }
  switch (server.protocol) {
    case "grpc":
      return "grpc";
    case "connect":
    case "transport":
      return "connectrpc";
    case "rest":
      return "http";
    case "auto":
      return undefined;
  }
}

/** The server, for spans and metrics. */
export function serverAttributes({ address, port }: Pick<ServerInfo, "address" | "port">) {
  return address === undefined ? {} : { [SERVER_ADDRESS]: address, [SERVER_PORT]: port };
}

/** What a call's span and its metric say of the call, by the conventions of what it is spoken by. */
function callAttributes(message: CallMessage, system: System): Attributes {
  const { rpcMethod, route, server } = message;
  switch (system) {
    case "grpc":
    case "connectrpc":
      return {
        [RPC_SYSTEM_NAME]: system,
        [RPC_METHOD]: rpcMethod,
        ...serverAttributes(server),
      };
    case "http":
      return {
        [HTTP_METHOD]: route?.method,
        [URL_TEMPLATE]: route?.template,
        [PROTOCOL_VERSION]: "1.1",
        ...serverAttributes(server),
      };
    case undefined:
      return serverAttributes(server);
  }
}

function nameOf({ method, rpcMethod, route }: CallMessage, system: System): string {
  if (rpcMethod === undefined) {
    return method;
  }
  return system === "http" && route ? `${route.method} ${route.template}` : rpcMethod;
}

/** How the span of a call begins. */
export function startOfCall(message: CallMessage) {
  const { method, rpcMethod, resource, server } = message;
  const system = systemOf(message);
  const subject = method === "ListProcesses" ? "aiem.engine.name" : "aiem.process.name";
  const about =
    rpcMethod === undefined ? serverAttributes(server) : callAttributes(message, system);
  return {
    name: nameOf(message, system),
    kind: rpcMethod === undefined ? SpanKind.INTERNAL : SpanKind.CLIENT,
    // A process's name on spans only: there are too many of them for a metric.
    attributes: { ...about, [subject]: resource },
  };
}

/** How a call ended, for its metric. */
export interface CallEnd {
  readonly isHttp: boolean;
  readonly attributes: Attributes;
}

/** Completes the span of a call of one RPC at its end. */
export function endOfCall(span: Span, message: CallMessage): CallEnd {
  // What tried gRPC and settled nothing was gRPC.
  const system = systemOf(message) ?? "grpc";
  const attributes = { ...callAttributes(message, system), ...resultOf(message, system) };
  span.updateName(nameOf(message, system));
  span.setAttributes(attributes);
  const isHttp = system === "http";
  if (isHttp) {
    span.setAttribute(URL_FULL, message.http?.url ?? "");
    if (message.attempts > 1) {
      span.setAttribute(HTTP_RESENDS, message.attempts - 1);
    }
  }
  setStatus(span, message.error);
  return { isHttp, attributes };
}

/** Completes the span of an attempt, or of a call that consists of several. */
export function endOfOther(span: Span, message: CallMessage | AttemptMessage): void {
  const { error } = message;
  if ("number" in message) {
    span.setAttributes(resultOf(message, systemOf(message) ?? "grpc"));
  } else if (error !== undefined) {
    span.setAttribute(ERROR_TYPE, errorType(error, undefined));
  }
  setStatus(span, error);
}

// An error of the caller's own making is none: a signal, a loop that was left.
function setStatus(span: Span, error: unknown): void {
  if (error !== undefined) {
    const message = error instanceof Error ? error.message : String(error);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
}

function resultOf(
  { error, cancelled, http }: CallMessage | AttemptMessage,
  system: NonNullable<System>,
): Attributes {
  const type = error === undefined ? {} : { [ERROR_TYPE]: errorType(error, system, http?.status) };
  if (system === "http") {
    return http?.status === undefined ? type : { [HTTP_STATUS]: http.status, ...type };
  }
  const code = cancelled ? "CANCELLED" : error === undefined ? "OK" : codeOf(error);
  return code === undefined ? type : { [RPC_STATUS_CODE]: spelled(code, system), ...type };
}

/**
 * The class of an error, of which there are few: the status where it is one, or else the name of the
 * error.
 */
export function errorType(error: unknown, system: System, httpStatus = 0): string {
  if (httpStatus >= 400) {
    return String(httpStatus);
  }
  const code = codeOf(error);
  const name = error instanceof Error ? error.name : "_OTHER";
  return code !== undefined && name === "ConnectError" ? spelled(code, system) : name;
}

function codeOf(error: unknown): Code | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" ? CODES[code] : undefined;
}

// As each protocol spells its codes.
function spelled(code: Code, system: System): string {
  if (system !== "connectrpc" || code === "OK") {
    return code;
  }
  return code === "CANCELLED" ? "canceled" : code.toLowerCase();
}
