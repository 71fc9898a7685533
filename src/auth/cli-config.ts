import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse, TomlError } from "smol-toml";
import { fileReason, nodeErrorCode } from "../errors/node-error-code.js";
import { environmentVariable, settingError } from "./settings.js";

/** What the configuration of H2O's CLI says. */
export interface CliConfig {
  /** The file and what named it, for messages. */
  readonly shown: string;
  readonly found: boolean;
  /** The environment that the tokens are for. */
  readonly endpoint: string | undefined;
  /** Refresh tokens by the id of their OAuth client. */
  readonly refreshTokens: ReadonlyMap<string, string>;
}

/** Where the configuration of H2O's CLI is looked for. */
interface CliConfigPath {
  readonly path: string;
  /** The path and what named it, for messages. */
  readonly shown: string;
  /** Whether somebody named it; the default one need not be there. */
  readonly named: boolean;
}

const VARIABLE = "H2OCONFIG";
const KEYS = ["Endpoint", "ClientID", "Token", "PlatformClientID", "PlatformToken"] as const;

/**
 * Reads the configuration of H2O's CLI. A file that nobody named need not be there.
 *
 * @throws ConnectError FailedPrecondition if the file cannot be read or used; the signal's reason.
 */
export async function readCliConfig(
  configPath: string | undefined,
  signal: AbortSignal,
): Promise<CliConfig> {
  const { path, shown, named } = cliConfigPath(configPath);
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    signal.throwIfAborted();
    if (nodeErrorCode(error) === "ENOENT" && !named) {
      return { shown, found: false, endpoint: undefined, refreshTokens: new Map() };
    }
    throw settingError(`the H2O CLI configuration ${shown} cannot be read (${fileReason(error)})`);
  }
  const { Endpoint, ClientID, Token, PlatformClientID, PlatformToken } = readTexts(text, shown);
  const refreshTokens = new Map<string, string>();
  keep(refreshTokens, ClientID, Token);
  keep(refreshTokens, PlatformClientID, PlatformToken);
  return { shown, found: true, endpoint: Endpoint, refreshTokens };
}

/** The path given, else the environment's, else the CLI's own, `~/.h2oai/h2o-cli-config.toml`. */
function cliConfigPath(configPath: string | undefined): CliConfigPath {
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

function readTexts(
  toml: string,
  shown: string,
): Readonly<Partial<Record<(typeof KEYS)[number], string>>> {
  const table = parseToml(toml, shown);
  const texts: Partial<Record<(typeof KEYS)[number], string>> = {};
  for (const key of KEYS) {
    const value = table[key];
    if (value !== undefined && typeof value !== "string") {
      throw settingError(`the key ${key} of the H2O CLI configuration ${shown} must be a string`);
    }
    // The CLI leaves keys without a value behind.
    if (value !== undefined && value !== "") {
      texts[key] = value;
    }
  }
  return texts;
}

function parseToml(toml: string, shown: string): Readonly<Record<string, unknown>> {
  try {
    return parse(toml);
  } catch (error) {
    // Not as the cause: it quotes the lines around, where tokens stand.
    const place =
      error instanceof TomlError ? ` at line ${error.line}, column ${error.column}` : "";
    throw settingError(`the H2O CLI configuration ${shown} is not valid TOML${place}`);
  }
}

function keep(
  tokens: Map<string, string>,
  clientId: string | undefined,
  token: string | undefined,
): void {
  if (clientId !== undefined && token !== undefined) {
    tokens.set(clientId, token);
  }
}
