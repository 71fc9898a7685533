import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { DiscoverConnectionOptions } from "../../../src/auth/discovery/discover-connection.js";
import { discoverConnection } from "../../../src/auth/discovery/discover-connection.js";
import { failure } from "../../transport/support/failure.js";
import { ENGINE_MANAGER, startEnvironment } from "../support/discovery-service.js";
import { setVariables, useEmptyEnvironment } from "../support/environment.js";
import type { HttpService } from "../support/http-service.js";

const home = useEmptyEnvironment();

function writeConfig(path: string, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  writeFileSync(path, `# of the CLI\nOther = [1, 2]\n${lines.join("\n")}\n`);
  return path;
}

function writeOwnConfig(settings: Readonly<Record<string, string>>): string {
  mkdirSync(join(home(), ".h2oai"), { recursive: true });
  return writeConfig(join(home(), ".h2oai", "h2o-cli-config.toml"), settings);
}

describe("the address of the discovery service", () => {
  const names = ["argument", "variable", "environment", "environmentVariable", "config"] as const;
  type Name = (typeof names)[number];
  let services: Readonly<Record<Name, HttpService>>;

  beforeEach(async () => {
    const start = (name: Name) =>
      startEnvironment({
        services: [[{ ...ENGINE_MANAGER, uri: `https://${name.toLowerCase()}.example.com` }]],
      });
    const [argument, variable, environment, environmentVariable, config] = await Promise.all([
      start("argument"),
      start("variable"),
      start("environment"),
      start("environmentVariable"),
      start("config"),
    ]);
    services = { argument, variable, environment, environmentVariable, config };
    setVariables({ H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "refresh" });
  });

  const direct = (name: Name) => `${services[name].url}/.ai.h2o.cloud.discovery`;

  async function askedOf(options: DiscoverConnectionOptions) {
    const { aiemUrl } = await discoverConnection(options);
    return new URL(aiemUrl).hostname.split(".")[0];
  }

  test("is looked for in the order that H2O documents", async () => {
    writeOwnConfig({ Endpoint: services.config.url });
    await expect(askedOf({})).resolves.toBe("config");
    setVariables({ H2O_CLOUD_ENVIRONMENT: `${services.environmentVariable.url}/` });
    await expect(askedOf({})).resolves.toBe("environmentvariable");
    const environment = services.environment.url;
    await expect(askedOf({ environment })).resolves.toBe("environment");
    setVariables({ H2O_CLOUD_DISCOVERY: `${direct("variable")}/` });
    await expect(askedOf({ environment })).resolves.toBe("variable");
    const discoveryAddress = direct("argument");
    await expect(askedOf({ environment, discoveryAddress })).resolves.toBe("argument");
  });

  test("passes over variables that are empty", async () => {
    setVariables({ H2O_CLOUD_DISCOVERY: "", H2O_CLOUD_ENVIRONMENT: "" });
    writeOwnConfig({ Endpoint: services.config.url });
    await expect(askedOf({})).resolves.toBe("config");
  });

  test("is refused by the name of the variable or the file, without a value", async () => {
    writeOwnConfig({ Endpoint: "MARKER" });
    await expect(askedOf({})).rejects.toMatchObject(
      failure("FailedPrecondition", /^Endpoint in .*config\.toml must be an absolute (?!.*MARKER)/),
    );
    setVariables({ H2O_CLOUD_ENVIRONMENT: "https://u:MARKER@cloud.example.com" });
    await expect(askedOf({})).rejects.toMatchObject(
      failure("FailedPrecondition", /variable H2O_CLOUD_ENVIRONMENT must not (?!.*MARKER)/),
    );
    setVariables({ H2O_CLOUD_DISCOVERY: "http://MARKER.example.com" });
    await expect(askedOf({})).rejects.toMatchObject(
      failure("FailedPrecondition", /variable H2O_CLOUD_DISCOVERY must be https(?!.*MARKER)/),
    );
  });
});

test("without any source the error names all of them, and what to set", async () => {
  await expect(discoverConnection()).rejects.toMatchObject(
    failure(
      "FailedPrecondition",
      /option discoveryAddress, .*H2O_CLOUD_DISCOVERY, .*option environment, .*H2O_CLOUD_ENVIRONMENT, Endpoint in .*h2o-cli-config\.toml \(there is no such file\); set H2O_CLOUD_ENVIRONMENT/,
    ),
  );
});

describe("the refresh token", () => {
  const platform = { PlatformClientID: "platform-client", PlatformToken: "of-platform" };

  async function refreshTokenOf(
    options: DiscoverConnectionOptions,
    service: HttpService,
  ): Promise<string | undefined> {
    const { tokenProvider } = await discoverConnection({ environment: service.url, ...options });
    if (typeof tokenProvider !== "function") {
      throw new TypeError("no provider");
    }
    await tokenProvider({ signal: new AbortController().signal });
    return service.requests.at(-1)?.form["refresh_token"];
  }

  test("is the configuration's for the client's id, under either pair of keys", async () => {
    const service = await startEnvironment();
    writeOwnConfig({ Endpoint: service.url, ClientID: "cli", Token: "of-cli", ...platform });
    await expect(refreshTokenOf({}, service)).resolves.toBe("of-platform");
    writeOwnConfig({ Endpoint: `${service.url}/`, ClientID: "platform-client", Token: "of-cli" });
    await expect(refreshTokenOf({}, service)).resolves.toBe("of-cli");
  });

  test("is the environment's before the configuration's", async () => {
    const service = await startEnvironment();
    writeOwnConfig({ Endpoint: service.url, ...platform });
    setVariables({ H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "of-variable" });
    await expect(refreshTokenOf({}, service)).resolves.toBe("of-variable");
  });

  test("is looked for in the file given, else in H2OCONFIG's, else in the CLI's own", async () => {
    const service = await startEnvironment();
    const config = (PlatformToken: string) => ({
      Endpoint: service.url,
      ...platform,
      PlatformToken,
    });
    writeOwnConfig(config("own"));
    await expect(refreshTokenOf({}, service)).resolves.toBe("own");
    setVariables({ H2OCONFIG: writeConfig(join(home(), "variable.toml"), config("variable")) });
    await expect(refreshTokenOf({}, service)).resolves.toBe("variable");
    const configPath = writeConfig(join(home(), "given.toml"), config("given"));
    await expect(refreshTokenOf({ configPath }, service)).resolves.toBe("given");
  });

  test("of a configuration for another environment is not used", async () => {
    const service = await startEnvironment({ name: "https://cloud.example.com" });
    writeOwnConfig({ Endpoint: service.url, ...platform });
    await expect(refreshTokenOf({}, service)).rejects.toMatchObject(
      failure(
        "FailedPrecondition",
        /client platform-client of https:\/\/cloud\.example\.com: .*H2O_CLOUD_CLIENT_PLATFORM_TOKEN is not set, and the Endpoint in .* is that of another environment; set H2O_CLOUD_CLIENT_PLATFORM_TOKEN/,
      ),
    );
    writeOwnConfig({ Endpoint: "https://cloud.example.com/", ...platform });
    await expect(refreshTokenOf({}, service)).resolves.toBe("of-platform");
  });

  test.each<[string, Record<string, string> | undefined, RegExp]>([
    ["there is no configuration", undefined, /is not set, and there is no .*h2o-cli-config\.toml;/],
    ["it has no Endpoint", platform, /is not set, and .*toml has no Endpoint;/],
  ])("is missed, with all that was looked at, when %s", async (_title, settings, message) => {
    const service = await startEnvironment();
    if (settings !== undefined) {
      writeOwnConfig(settings);
    }
    await expect(refreshTokenOf({}, service)).rejects.toMatchObject(
      failure("FailedPrecondition", message),
    );
  });

  test("is missed when the configuration has none for the client", async () => {
    const service = await startEnvironment();
    writeOwnConfig({ Endpoint: service.url, ...platform, PlatformClientID: "other" });
    await expect(refreshTokenOf({}, service)).rejects.toMatchObject(
      failure("FailedPrecondition", /is not set, and .*toml has no token for this client;/),
    );
  });
});
