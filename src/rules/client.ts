import { isUint8Array } from "node:util/types";
import { InvalidInputError, shownValue } from "../errors/invalid-input-error.js";
import { checkAiemUrl } from "./aiem-url.js";
import {
  checkOptions,
  type Rules,
  requireObject,
  type SameNames,
  type Values,
} from "./check-options.js";
import {
  INT32_MAX,
  oneOf,
  optional,
  requireBoolean,
  requireDuration,
  requireFunction,
  requirePath,
  requirePositiveDuration,
  UINT32_MAX,
  wholeNumber,
} from "./values.js";

/**
 * The longest deadline of a call that can be told to a server, in milliseconds, about 27 hours:
 * gRPC's timeout header carries at most eight digits (gRPC over HTTP/2, "Timeout"), which Connect
 * servers hold to as well.
 */
export const MAX_HEADER_TIMEOUT_MS = 99_999_999;

const ADDRESS = {
  aiemUrl: requireAiemUrl,
  tokenProvider: optional(requireTokenProvider),
  contract: optional(requireContract),
};

const TRANSPORT = {
  protocol: optional(oneOf("auto", "grpc", "connect", "rest")),
  httpVersion: optional(oneOf("1.1", "2")),
  verifySsl: optional(requireBoolean),
  sslCaCert: optional(requirePath),
  sslClientCert: optional(requirePath),
  sslClientKey: optional(requirePath),
  connectTimeoutMs: optional(wholeNumber(1, INT32_MAX)),
  maxConnections: optional(wholeNumber(1, 10_000)),
  streamWindowBytes: optional(wholeNumber(65_535, INT32_MAX)),
  readMaxBytes: optional(wholeNumber(1, UINT32_MAX)),
  allowPlaintextToken: optional(requireBoolean),
  interceptors: optional(requireInterceptors),
};

const RETRY = {
  maxAttempts: optional(wholeNumber(1)),
  maxOutageMs: optional(requireDuration),
  baseDelayMs: optional(requireDuration),
  maxDelayMs: optional(requireDuration),
};

// An attempt, and silence, need some time.
const CLIENT = {
  attemptTimeoutMs: optional(requireAttemptTimeout),
  idleTimeoutMs: optional(requirePositiveDuration),
  onRetry: optional(requireFunction),
  onResume: optional(requireFunction),
  onProtocol: optional(requireFunction),
  retry: requireRetry,
};

/** What decides whether a client has a transport of its own, or one of the user's. */
interface TransportChoice {
  readonly transport?: unknown;
  readonly aiemUrl?: unknown;
  readonly contract?: unknown;
}

/**
 * Whether a config names a `Transport` of the user's: also one that is undefined, which is a
 * mistake to be told, unless there is an address.
 */
export function hasOwnTransport(config: TransportChoice): boolean {
  return config.transport !== undefined || ("transport" in config && config.aiemUrl === undefined);
}

/** Checks the config and the options of a client, without looking at any file. */
export function checkClient<C extends object, O extends object>(
  config: C & SameNames<C, typeof ADDRESS & { transport: unknown }>,
  options: O & SameNames<O, typeof CLIENT & typeof TRANSPORT>,
): void {
  checkConfig(config);
  checkClientOptions(options, config);
}

function checkConfig(config: unknown): void {
  requireObject("config", config);
  const rules = hasOwnTransport(config)
    ? { transport: requireTransport, ...notTogether(ADDRESS) }
    : { ...ADDRESS, transport: optional(requireTransport) };
  checkOptions("config", config, rules, "");
}

function checkClientOptions(options: unknown, config: TransportChoice): void {
  const transport: Rules = hasOwnTransport(config) ? notTogether(TRANSPORT) : TRANSPORT;
  checkOptions("options", options, { ...CLIENT, ...transport }, "");
  checkTransport(options);
  checkContract(config.contract, options);
}

/** A rule about the config and the options at once. */
function checkContract(contract: unknown, { protocol }: Values): void {
  if (contract === "reflection" && (protocol === "connect" || protocol === "rest")) {
    const rule = 'must not be "reflection" unless protocol is "grpc" or "auto": gRPC asks for it';
    throw new InvalidInputError("contract", rule);
  }
}

function notTogether(rules: Rules): Rules {
  return Object.fromEntries(Object.keys(rules).map((name) => [name, refuseWithTransport]));
}

function refuseWithTransport(field: string, value: unknown): void {
  if (value !== undefined) {
    const rule = "must not be given together with transport: your transport has its own";
    throw new InvalidInputError(field, rule);
  }
}

/** Rules about several options of a transport at once. */
function checkTransport({ protocol, httpVersion, sslClientKey, sslClientCert }: Values): void {
  if (httpVersion === "1.1" && protocol !== "connect" && protocol !== "rest") {
    const rule = 'must be "2" unless protocol is "connect" or "rest": gRPC needs HTTP/2';
    throw new InvalidInputError("httpVersion", rule, shownValue(httpVersion));
  }
  if (httpVersion === "2" && protocol === "rest") {
    const rule = 'must be "1.1" with protocol: "rest"';
    throw new InvalidInputError("httpVersion", rule, shownValue(httpVersion));
  }
  if (sslClientKey !== undefined && sslClientCert === undefined) {
    const rule = "needs sslClientCert, the certificate that it belongs to";
    throw new InvalidInputError("sslClientKey", rule);
  }
}

function requireAiemUrl(field: string, url: unknown): void {
  const rule = typeof url === "string" ? checkAiemUrl(url) : "must be a string";
  if (rule !== undefined) {
    // Not shown: it may hold a password.
    throw new InvalidInputError(field, rule);
  }
}

function requireTokenProvider(field: string, provider: unknown): void {
  if (typeof provider !== "string" && typeof provider !== "function") {
    // Not shown: it may hold a token.
    throw new InvalidInputError(field, "must be a string or a function");
  }
}

function requireContract(field: string, contract: unknown): void {
  // Not instanceof: Jest's modules have a Uint8Array of their own, which no Buffer is an instance of.
  const isWord = contract === "built-in" || contract === "reflection";
  if (!isWord && !isUint8Array(contract)) {
    const rule =
      'must be "built-in", "reflection", or the bytes of a google.protobuf.FileDescriptorSet';
    throw new InvalidInputError(field, rule, shownValue(contract));
  }
}

function requireTransport(field: string, transport: unknown): void {
  const isTransport =
    typeof transport === "object" &&
    transport !== null &&
    "unary" in transport &&
    typeof transport.unary === "function" &&
    "stream" in transport &&
    typeof transport.stream === "function";
  if (!isTransport) {
    const rule = "must be a Connect Transport, with unary and stream";
    throw new InvalidInputError(field, rule, shownValue(transport));
  }
}

function requireInterceptors(field: string, value: unknown): void {
  if (!Array.isArray(value) || !value.every((each) => typeof each === "function")) {
    throw new InvalidInputError(field, "must be an array of functions");
  }
}

function requireAttemptTimeout(field: string, value: unknown): void {
  requirePositiveDuration(field, value);
  if (typeof value === "number" && value > MAX_HEADER_TIMEOUT_MS) {
    const rule = `must be ${MAX_HEADER_TIMEOUT_MS} or less, which is what gRPC can carry`;
    throw new InvalidInputError(field, rule, shownValue(value));
  }
}

function requireRetry(field: string, retry: unknown): void {
  if (retry === false || retry === undefined) {
    return;
  }
  if (typeof retry !== "object" || retry === null) {
    throw new InvalidInputError(field, "must be false or an object", shownValue(retry));
  }
  checkOptions(field, retry, RETRY);
}
