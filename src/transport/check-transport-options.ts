import type { TransportOptions } from "./connection-config.js";

/** An option that cannot be used, and why. */
export interface BrokenOption {
  readonly field: keyof TransportOptions;
  readonly rule: string;
  readonly value: unknown;
}

const PROTOCOLS: readonly unknown[] = ["auto", "grpc", "connect", "rest"];
const PROTOCOL_NAMES = '"auto", "grpc", "connect" or "rest"';
const MAX_WINDOW_BYTES = 2_147_483_647;
const MAX_MESSAGE_BYTES = 4_294_967_295;
// The ports of a machine.
const MAX_CONNECTIONS = 65_535;
const MAX_TIMEOUT_MS = 2_147_483_647;

/**
 * Checks the options of a transport, without looking at any file.
 *
 * @returns the first one that breaks a rule, or undefined.
 */
export function checkTransportOptions(options: TransportOptions): BrokenOption | undefined {
  const { protocol, httpVersion } = options;
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    return { field: "protocol", rule: `must be ${PROTOCOL_NAMES}`, value: protocol };
  }
  if (httpVersion !== undefined && httpVersion !== "1.1" && httpVersion !== "2") {
    return { field: "httpVersion", rule: 'must be "1.1" or "2"', value: httpVersion };
  }
  if (httpVersion === "1.1" && protocol !== "connect" && protocol !== "rest") {
    const rule = 'can be "1.1" with protocol: "connect" only; gRPC needs HTTP/2';
    return { field: "httpVersion", rule, value: httpVersion };
  }
  if (httpVersion === "2" && protocol === "rest") {
    const rule = 'must be "1.1" with protocol: "rest"';
    return { field: "httpVersion", rule, value: httpVersion };
  }
  if (options.sslClientKey !== undefined && options.sslClientCert === undefined) {
    const rule = "needs sslClientCert, the certificate that it belongs to";
    return { field: "sslClientKey", rule, value: options.sslClientKey };
  }
  return (
    checkInteger(options, "connectTimeoutMs", 1, MAX_TIMEOUT_MS) ??
    checkInteger(options, "streamWindowBytes", 65_535, MAX_WINDOW_BYTES) ??
    checkInteger(options, "maxConnections", 1, MAX_CONNECTIONS) ??
    checkInteger(options, "readMaxBytes", 1, MAX_MESSAGE_BYTES)
  );
}

function checkInteger(
  options: TransportOptions,
  field: "connectTimeoutMs" | "streamWindowBytes" | "maxConnections" | "readMaxBytes",
  least: number,
  most: number,
): BrokenOption | undefined {
  const value = options[field];
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) {
    return undefined;
  }
  return { field, rule: `must be an integer from ${least} to ${most}`, value };
}
