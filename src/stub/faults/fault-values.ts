import { HTTP2_ERROR_CODES, type Http2ErrorCode } from "../../model/http2-error-codes.js";
import { STATUS_NAMES, statusCode } from "../../model/status-names.js";
import { requireObject } from "../../rules/check-options.js";
import { optional, requireHeaders, requireString } from "../../rules/values.js";
import { MAX_TIMER_MS } from "../grpc/grpc-timeout.js";
import type { DelayFault, GoawayFault, HttpFault, StatusFault } from "./stub-faults.js";

// RFC 9113, section 8.2.2: they belong to one HTTP/1.1 connection, and HTTP/2 forbids them.
const CONNECTION_HEADERS = /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/i;

const optionalText = optional(requireString);

// What follows is checked when a fault is added: a value that breaks when it strikes would look like
// a fault of the call that it was for. JSON has any value, and so has JavaScript.

export function checkStatus({ code, message, metadata, details }: StatusFault): void {
  if (statusCode(code) === undefined) {
    throw new TypeError(
      `code: must be one of Connect's Code or ${STATUS_NAMES.join(", ")}, but is ${String(code)}`,
    );
  }
  optionalText("message", message);
  checkHeaders("metadata", metadata);
  const isDetail = (detail: unknown) =>
    typeof detail === "object" && detail !== null && "desc" in detail && "value" in detail;
  if (details !== undefined && !(Array.isArray(details) && details.every(isDetail))) {
    throw new TypeError("details: must be messages as ConnectError takes them: { desc, value }");
  }
}

export function checkDelay({ ms }: DelayFault): void {
  if (!(typeof ms === "number" && ms >= 0 && ms <= MAX_TIMER_MS)) {
    throw new TypeError(`ms: must be 0 to ${MAX_TIMER_MS}, but is ${String(ms)}`);
  }
}

export function checkHttp2Code(code: Http2ErrorCode | undefined): void {
  if (code !== undefined && !HTTP2_ERROR_CODES.includes(code)) {
    throw new TypeError(
      `code: must be one of ${HTTP2_ERROR_CODES.join(", ")}, but is ${String(code)}`,
    );
  }
}

export function checkGoaway({ code, processed, debugData }: GoawayFault): void {
  checkHttp2Code(code);
  if (processed !== undefined && typeof processed !== "boolean") {
    throw new TypeError("processed: must be true or false");
  }
  optionalText("debugData", debugData);
}

export function checkHttp({ status, headers, body }: HttpFault): void {
  if (!(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw new TypeError(`status: must be a final HTTP status, 200 to 599, but is ${status}`);
  }
  checkHeaders("headers", headers);
  const refused = Object.keys(headers ?? {}).find((name) => CONNECTION_HEADERS.test(name));
  if (refused !== undefined) {
    throw new TypeError(`headers: ${refused} is a header of the connection, not of the response`);
  }
  optionalText("body", body);
}

function checkHeaders(name: string, headers: Readonly<Record<string, string>> | undefined): void {
  if (headers === undefined) {
    return;
  }
  requireObject(name, headers);
  requireHeaders(name, headers);
}
