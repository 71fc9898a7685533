import { homedir } from "node:os";
import { join } from "node:path";
import { environmentVariable } from "../settings/environment-variable.js";

const VARIABLE = "H2OCONFIG";

/** Where the configuration of H2O's CLI is looked for. */
export interface CliConfigPath {
  readonly path: string;
  /** The path and what named it, for messages. */
  readonly shown: string;
  /** Whether somebody named it; the default one need not be there. */
  readonly named: boolean;
}

/** The path given, else the environment's, else the CLI's own, `~/.h2oai/h2o-cli-config.toml`. */
export function cliConfigPath(configPath: string | undefined): CliConfigPath {
  if (configPath !== undefined) {
    return { path: configPath, shown: `${configPath} (from configPath)`, named: true };
  }
  const path = environmentVariable(VARIABLE);
  if (path !== undefined) {
    return { path, shown: `${path} (from ${VARIABLE})`, named: true };
  }
  const own = join(homedir(), ".h2oai", "h2o-cli-config.toml");
  return { path: own, shown: own, named: false };
}
