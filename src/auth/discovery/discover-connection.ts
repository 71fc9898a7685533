import { Code, ConnectError } from "@connectrpc/connect";
import { checkAiemUrl } from "../../rules/aiem-url.js";
import { checkDiscoverConnectionOptions } from "../../rules/auth.js";
import type { ConnectionConfig } from "../../transport/connection-config.js";
import { readCliConfig } from "../cli-config/cli-config.js";
import { httpOptionsOf } from "../http/auth-http-options.js";
import { readEndpointUrl } from "../http/endpoint-url.js";
import { refreshTokenProvider } from "../refresh/refresh-token-provider.js";
import { settingError } from "../settings/setting-error.js";
import type { DiscoverConnectionOptions } from "./discover-connection-options.js";
import { findDiscoveryAddress } from "./discovery-address.js";
import { DiscoveryService } from "./discovery-service.js";
import { platformRefreshToken } from "./platform-refresh-token.js";

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
  return { aiemUrl, tokenProvider: refreshTokenProvider({ issuerUrl, ...credentials, ...http }) };
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
