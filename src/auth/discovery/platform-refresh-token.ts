import type { CliConfig } from "../cli-config/cli-config.js";
import { environmentVariable } from "../settings/environment-variable.js";
import { settingError } from "../settings/setting-error.js";

const VARIABLE = "H2O_CLOUD_CLIENT_PLATFORM_TOKEN";

/**
 * Finds the refresh token of the platform's client: the environment variable's, else that of the
 * CLI's configuration for the client's id. The configuration's go to the environment that it is
 * for only, since any other could keep them.
 *
 * @param environment the address that the discovered environment gives itself.
 * @throws ConnectError FailedPrecondition if there is none, with all that was looked at.
 */
export function platformRefreshToken(
  environment: string,
  clientId: string,
  config: CliConfig,
): string {
  const token = environmentVariable(VARIABLE);
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
    `there is no refresh token for the client ${clientId} of ${environment}: the environment variable ${VARIABLE} is not set, and ${reason}; set ${VARIABLE} to a platform token, or log in with the H2O CLI`,
  );
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, "");
}
