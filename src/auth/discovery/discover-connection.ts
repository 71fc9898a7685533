import { Code, ConnectError } from "@connectrpc/connect";
import { checkAiemUrl } from "../../rules/aiem-url.js";
import { checkDiscoverConnectionOptions } from "../../rules/auth.js";
import type { ConnectionConfig } from "../../transport/connection-config.js";
import { type CliConfig, readCliConfig } from "../cli-config.js";
import { contractOfEnvironment } from "../contract-file.js";
import { readEndpointUrl, withoutSlash } from "../http/endpoint-url.js";
import { type AuthHttpOptions, httpOptionsOf } from "../http/send.js";
import {
  type RefreshTokenOptions,
  refreshTokenProvider,
} from "../refresh/refresh-token-provider.js";
import { environmentVariable, settingError } from "../settings.js";
import { findDiscoveryAddress } from "./discovery-address.js";
import { DiscoveryService } from "./discovery-service.js";

/** Where to look for an H2O environment. Without any option the process's environment tells. */
export interface DiscoverConnectionOptions
  extends AuthHttpOptions,
    Pick<RefreshTokenOptions, "clientSecret" | "scope"> {
  /**
   * The address of the H2O environment, such as `https://cloud.example.com`.
   * @default `H2O_CLOUD_ENVIRONMENT`, else `Endpoint` in the configuration of H2O's CLI
   */
  readonly environment?: string | undefined;
  /**
   * The address of the discovery service. It wins over the environment, wherever that is from.
   * @default `H2O_CLOUD_DISCOVERY`, else `/.ai.h2o.cloud.discovery` at the environment
   */
  readonly discoveryAddress?: string | undefined;
  /**
   * Path of the configuration of H2O's CLI, in TOML.
   * @default `H2OCONFIG`, else `~/.h2oai/h2o-cli-config.toml` if that is there
   */
  readonly configPath?: string | undefined;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const TOKEN_VARIABLE = "H2O_CLOUD_CLIENT_PLATFORM_TOKEN";

/**
 * Finds AIEM in an H2O environment, and the right to use it, as H2O's own clients do: the service
 * `engine-manager` and the OAuth client `platform` of the environment's discovery service, and a
 * refresh token from the environment variable `H2O_CLOUD_CLIENT_PLATFORM_TOKEN` or the
 * configuration of H2O's CLI. No token is sent yet.
 *
 * TLS options are those of the discovery service and the identity provider; the client has its own.
 *
 * @throws InvalidInputError for options that cannot be; ConnectError FailedPrecondition where a
 *   setting is missing or wrong, with what was looked at, Unavailable where the service cannot be
 *   reached, Internal where its answers make no sense.
 */
export async function discoverConnection(
  options: DiscoverConnectionOptions = {},
): Promise<ConnectionConfig> {
  checkDiscoverConnectionOptions(options);
  const { clientSecret, scope, signal = new AbortController().signal } = options;
  const http = httpOptionsOf(options);
  signal.throwIfAborted();
  const config = await readCliConfig(options.configPath, signal);
  const service = new DiscoveryService(findDiscoveryAddress(options, config), http, signal);
  const environment = await service.environment();
  const aiemUrl = await findAiemUrl(service);
  const clientId = await findClientId(service);
  const refreshToken = platformRefreshToken(
    service.text(environment, "h2oCloudEnvironment"),
    clientId,
    config,
  );
  const issuerUrl = issuerOf(service.text(environment, "issuerUrl"), service);
  const credentials = { clientId, refreshToken, clientSecret, scope };
  const tokenProvider = refreshTokenProvider({ issuerUrl, ...credentials, ...http });
  return { aiemUrl, tokenProvider, ...contractOfEnvironment() };
}

async function findAiemUrl(service: DiscoveryService): Promise<string> {
  const entry = await service.entry("services", "services/engine-manager");
  if (entry === undefined) {
    throw settingError(
      `${service.shown} lists no service engine-manager: AIEM is not part of this environment; check the environment, or give aiemUrl and tokenProvider yourself`,
    );
  }
  const uri = service.text(entry, "uri");
  const rule = checkAiemUrl(uri);
  if (rule !== undefined) {
    throw new ConnectError(`the uri of engine-manager at ${service.shown} ${rule}`, Code.Internal);
  }
  return uri;
}

async function findClientId(service: DiscoveryService): Promise<string> {
  const entry = await service.entry("clients", "clients/platform");
  if (entry === undefined) {
    throw settingError(
      `${service.shown} lists no client platform; check the environment, or give aiemUrl and tokenProvider yourself`,
    );
  }
  return service.text(entry, "oauth2ClientId");
}

// Checked here, where it can be told who named it.
function issuerOf(issuerUrl: string, service: DiscoveryService): string {
  const url = readEndpointUrl(issuerUrl, { query: false });
  if (typeof url === "string") {
    throw new ConnectError(`the issuerUrl of ${service.shown} ${url}`, Code.Internal);
  }
  return issuerUrl;
}

/**
 * Finds the refresh token of the platform's client: the environment variable's, else that of the
 * CLI's configuration for the client's id. The configuration's go to the environment that it is
 * for only, since any other could keep them.
 *
 * @param environment the address that the discovered environment gives itself.
 * @throws ConnectError FailedPrecondition if there is none, with all that was looked at.
 */
function platformRefreshToken(environment: string, clientId: string, config: CliConfig): string {
  const token = environmentVariable(TOKEN_VARIABLE);
  if (token !== undefined) {
    return token;
  }
  const { shown, found, endpoint, refreshTokens } = config;
  const isSame = endpoint !== undefined && withoutSlash(endpoint) === withoutSlash(environment);
  const kept = isSame ? refreshTokens.get(clientId) : undefined;
  if (kept !== undefined) {
    return kept;
  }
  const reason = !found
    ? `there is no ${shown}`
    : endpoint === undefined
      ? `${shown} has no Endpoint`
      : isSame
        ? `${shown} has no token for this client`
        : `the Endpoint in ${shown} is that of another environment`;
  throw settingError(
    `there is no refresh token for the client ${clientId} of ${environment}: the environment variable ${TOKEN_VARIABLE} is not set, and ${reason}; set ${TOKEN_VARIABLE} to a platform token, or log in with the H2O CLI`,
  );
}
