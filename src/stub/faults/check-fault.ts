import { Code } from "@connectrpc/connect";
import { checkPoint } from "./check-point.js";
import {
  type CallFault,
  FAULT_METHODS,
  type Fault,
  type FaultTarget,
  HTTP2_ERROR_CODES,
  type HttpFault,
} from "./stub-faults.js";

const MAX_TIMER_MS = 2 ** 31 - 1;

// RFC 9113, section 8.2.2: they belong to one HTTP/1.1 connection, and HTTP/2 forbids them.
const CONNECTION_HEADERS = /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/i;

const CALL_FAULTS: readonly string[] = [
  "status",
  "delay",
  "hang",
  "drop",
  "end",
] satisfies CallFault["fault"][];

/**
 * Checks what types cannot: callers in JavaScript, and values that depend on each other.
 *
 * @throws TypeError for a fault that cannot be.
 */
export function checkFault(rule: Fault & FaultTarget, { network }: { network: boolean }): void {
  checkTarget(rule);
  checkKind(rule);
  if (!network && !CALL_FAULTS.includes(rule.fault)) {
    throw new TypeError(
      `fault: ${rule.fault} needs a connection, and in memory there is none: use startStubServer, ` +
        `or one of ${CALL_FAULTS.join(", ")}`,
    );
  }
  checkPoint(rule);
}

function checkTarget({ method, process, nth }: FaultTarget): void {
  if (method !== "*" && !FAULT_METHODS.includes(method)) {
    throw new TypeError(`method: must be "*" or one of ${FAULT_METHODS.join(", ")}`);
  }
  if (process !== undefined && typeof process !== "string") {
    throw new TypeError("process: must be the resource name of a process");
  }
  if (nth !== undefined && nth !== "every" && !(Number.isInteger(nth) && nth >= 1)) {
    throw new TypeError(`nth: must be "every" or an integer from 1, but is ${String(nth)}`);
  }
}

function checkKind(fault: Fault): void {
  switch (fault.fault) {
    case "status":
      if (typeof Code[fault.code] !== "string") {
        throw new TypeError(`code: must be one of Connect's Code, but is ${String(fault.code)}`);
      }
      return;
    case "delay":
      if (!(fault.ms >= 0 && fault.ms <= MAX_TIMER_MS)) {
        throw new TypeError(`ms: must be 0 to ${MAX_TIMER_MS}, but is ${String(fault.ms)}`);
      }
      return;
    case "http":
      checkHttp(fault);
      return;
    case "rst-stream":
    case "goaway":
      if (fault.code !== undefined && !Object.hasOwn(HTTP2_ERROR_CODES, fault.code)) {
        const codes = Object.keys(HTTP2_ERROR_CODES).join(", ");
        throw new TypeError(`code: must be one of ${codes}, but is ${String(fault.code)}`);
      }
      return;
    case "hang":
    case "drop":
    case "end":
    case "reset":
    case "close":
    case "no-trailers":
    case "blackhole":
      return;
  }
  const unknown: { readonly fault?: unknown } = fault;
  throw new TypeError(`fault: there is no fault ${JSON.stringify(unknown.fault)}`);
}

function checkHttp({ status, headers = {} }: HttpFault): void {
  if (!(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw new TypeError(`status: must be a final HTTP status, 200 to 599, but is ${status}`);
  }
  const refused = Object.keys(headers).find((name) => CONNECTION_HEADERS.test(name));
  if (refused !== undefined) {
    throw new TypeError(`headers: ${refused} is a header of the connection, not of the response`);
  }
}
