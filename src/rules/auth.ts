import { InvalidInputError } from "../errors/invalid-input-error.js";
import { optionsCheck } from "./check-options.js";
import { optional, requireAbortSignal, requireBoolean, requireUnshownText } from "./values.js";

const text = optional(requireUnshownText);

const HTTP = {
  verifySsl: optional(requireBoolean),
  sslCaCert: text,
  httpTimeoutMs: optional(requireTime),
};

const CREDENTIALS = { clientSecret: text, scope: text };

/** Checks the options of `refreshTokenProvider`. What an address must be is checked at its use. */
export const checkRefreshTokenOptions = optionsCheck({
  issuerUrl: text,
  tokenEndpoint: text,
  clientId: requireUnshownText,
  refreshToken: requireUnshownText,
  ...CREDENTIALS,
  ...HTTP,
});

/** Checks the options of `discoverConnection`. What an address must be is checked at its use. */
export const checkDiscoverConnectionOptions = optionsCheck({
  environment: text,
  discoveryAddress: text,
  configPath: text,
  signal: optional(requireAbortSignal),
  ...CREDENTIALS,
  ...HTTP,
});

function requireTime(field: string, value: unknown): void {
  if (!(typeof value === "number" && Number.isFinite(value) && value > 0)) {
    throw new InvalidInputError(field, "must be a number of milliseconds above 0");
  }
}
