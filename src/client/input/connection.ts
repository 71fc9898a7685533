import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { requireBoolean } from "../../errors/require-kind.js";
import { shown } from "../../errors/shown.js";
import { checkAiemUrl } from "../../transport/aiem-url.js";
import { checkTransportOptions } from "../../transport/check-transport-options.js";
import type { ConnectionConfig, TransportOptions } from "../../transport/connection-config.js";
import type { TransportConfig } from "../client-options.js";
import { requirePaths } from "./client.js";

/** Refuses an address or a source of tokens that cannot be used. */
export function requireConnectionConfig({ aiemUrl, tokenProvider }: ConnectionConfig): void {
  const rule = typeof aiemUrl === "string" ? checkAiemUrl(aiemUrl) : "must be a string";
  if (rule !== undefined) {
    // Not shown: it may hold a password.
    throw new InvalidInputError("aiemUrl", rule);
  }
  if (!["undefined", "string", "function"].includes(typeof tokenProvider)) {
    // Not shown: it may hold a token.
    throw new InvalidInputError("tokenProvider", "must be a string or a function");
  }
}

/** Refuses options of the client's own transport that cannot be obeyed. */
export function requireTransportOptions(options: TransportOptions): void {
  const { sslCaCert, sslClientCert, sslClientKey, interceptors } = options;
  requirePaths({ sslCaCert, sslClientCert, sslClientKey });
  requireBoolean("verifySsl", options.verifySsl);
  requireBoolean("allowPlaintextToken", options.allowPlaintextToken);
  if (interceptors !== undefined && !isListOfFunctions(interceptors)) {
    throw new InvalidInputError("interceptors", "must be an array of functions");
  }
  const broken = checkTransportOptions(options);
  if (broken) {
    throw new InvalidInputError(broken.field, broken.rule, shown(broken.value));
  }
}

/** Refuses what is no transport, and what is for a transport of the client's own. */
export function requireOwnTransport(
  { transport, aiemUrl, tokenProvider }: TransportConfig,
  options: TransportOptions,
): void {
  if (typeof transport?.unary !== "function" || typeof transport.stream !== "function") {
    const rule = "must be a Connect Transport, with unary and stream";
    throw new InvalidInputError("transport", rule, shown(transport));
  }
  for (const [field, value] of Object.entries({ aiemUrl, tokenProvider, ...options })) {
    if (value !== undefined) {
      throw new InvalidInputError(field, "is a matter of the transport, which is your own here");
    }
  }
}

function isListOfFunctions(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "function");
}
