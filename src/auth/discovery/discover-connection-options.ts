import type { AuthHttpOptions } from "../http/auth-http-options.js";
import type { RefreshTokenOptions } from "../refresh/refresh-token-options.js";

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
