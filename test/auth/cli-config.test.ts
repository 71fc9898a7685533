import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCliConfig } from "../../src/auth/cli-config.js";
import { failure } from "../transport/support/failure.js";
import { setVariables, useEmptyEnvironment } from "./support/environment.js";
import { expectNoSecrets } from "./support/secrets.js";

const home = useEmptyEnvironment();
const { signal } = new AbortController();

function write(toml: string): string {
  const path = join(home(), "config.toml");
  writeFileSync(path, toml);
  return path;
}

test("reads the environment and the tokens by client, and leaves the rest alone", async () => {
  const path = write(`
    Endpoint = "https://cloud.example.com"
    ClientID = "cli"
    Token = 'token of "cli"'
    PlatformClientID = "platform"
    PlatformToken = ""
    Version = 1.5
    [Section]
    Token = 1
  `);
  await expect(readCliConfig(path, signal)).resolves.toEqual({
    shown: `${path} (from configPath)`,
    found: true,
    endpoint: "https://cloud.example.com",
    refreshTokens: new Map([["cli", 'token of "cli"']]),
  });
});

test("a file that nobody named need not be there", async () => {
  await expect(readCliConfig(undefined, signal)).resolves.toMatchObject({
    shown: join(home(), ".h2oai", "h2o-cli-config.toml"),
    found: false,
  });
});

test("a file that somebody named must be there, and the error tells who named it", async () => {
  const path = join(home(), "missing.toml");
  await expect(readCliConfig(path, signal)).rejects.toMatchObject(
    failure("FailedPrecondition", /missing\.toml \(from configPath\) cannot be read \(ENOENT\)$/),
  );
  setVariables({ H2OCONFIG: path });
  await expect(readCliConfig(undefined, signal)).rejects.toMatchObject(
    failure("FailedPrecondition", /missing\.toml \(from H2OCONFIG\) cannot be read \(ENOENT\)$/),
  );
  mkdirSync(path);
  await expect(readCliConfig(undefined, signal)).rejects.toMatchObject(
    failure("FailedPrecondition", /cannot be read \(EISDIR\)$/),
  );
});

describe("a configuration that cannot be used", () => {
  test.each<[string, string, RegExp]>([
    [
      "no TOML, around a token",
      'Endpoint = "https://e"\nToken = "MARKER" MARKER\nPlatformToken = "MARKER"',
      /is not valid TOML at line 2, column \d+$/,
    ],
    ["a token without an end", 'Token = "MARKER', /is not valid TOML at line 1/],
    ["a key twice", 'Token = "MARKER"\nToken = "MARKER"', /is not valid TOML at line 2/],
    ["a token that is no text", 'Token = ["MARKER"]', /^the key Token of .* must be a string$/],
    ["an endpoint that is no text", "Endpoint = 1", /^the key Endpoint of .* must be a string$/],
  ])("is told without its content: %s", async (_title, toml, message) => {
    const error: unknown = await readCliConfig(write(toml), signal).catch((reason) => reason);
    expect(error).toMatchObject(failure("FailedPrecondition", message));
    expect(error).toMatchObject({ cause: undefined });
    expectNoSecrets(error, "MARKER");
  });
});
