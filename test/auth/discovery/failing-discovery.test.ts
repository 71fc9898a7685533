import { describe, expect, test } from "vitest";
import type { DiscoverConnectionOptions } from "../../../src/auth/discovery/discover-connection.js";
import { discoverConnection } from "../../../src/auth/discovery/discover-connection.js";
import { failure } from "../../transport/support/failure.js";
import { ENGINE_MANAGER, PLATFORM, startEnvironment } from "../support/discovery-service.js";
import { setVariables, useEmptyEnvironment } from "../support/environment.js";
import type { Reply, Silence } from "../support/http-service.js";

useEmptyEnvironment();

/** An environment whose answers for a path are given; what is answered then is usual again. */
async function discoverWith(path: string, ...replies: readonly (Reply | Silence)[]) {
  const left = [...replies];
  const environment = await startEnvironment({
    answer: (request) => (request.path.endsWith(path) ? left.shift() : undefined),
  });
  setVariables({ H2O_CLOUD_CLIENT_PLATFORM_TOKEN: "refresh" });
  const connection = discoverConnection({ environment: environment.url, httpTimeoutMs: 2_000 });
  return { ...environment, connection: connection.catch((error: unknown) => error) };
}

describe.each(["environment", "services", "clients"])("GET v1/%s", (path) => {
  test.each<[string, Reply | Silence]>([
    ["HTTP 500", { status: 500 }],
    ["silence", "hang"],
    ["a broken connection", "reset"],
  ])("is asked again after %s", async (_title, reply) => {
    const { connection } = await discoverWith(path, reply);
    await expect(connection).resolves.toMatchObject({ aiemUrl: ENGINE_MANAGER.uri });
  });

  test("is given up after three attempts, and the error tells where it looked", async () => {
    const { connection, url } = await discoverWith(path, ...Array(3).fill({ status: 503 }));
    await expect(connection).resolves.toMatchObject(
      failure(
        "Unavailable",
        new RegExp(
          `^the discovery service \\(from the option environment\\) ${url}/.ai.h2o.cloud.discovery/v1/${path} answered HTTP 503$`,
        ),
      ),
    );
  });

  test("tells a missing discovery service, and what to check", async () => {
    const { connection } = await discoverWith(path, { status: 404, body: "<html>" });
    await expect(connection).resolves.toMatchObject(
      failure("FailedPrecondition", /answered HTTP 404; check the address, and that the environ/),
    );
  });

  test.each<[string, unknown]>([
    ["broken JSON", '{"environment":'],
    ["a page", "<html>"],
    ["a list", []],
    ["nothing", ""],
    ["null", "null"],
    ["text for objects", { environment: "e", services: "s", clients: "c" }],
  ])("with %s is told to be of no use", async (_title, body) => {
    const { connection } = await discoverWith(path, { body });
    await expect(connection).resolves.toMatchObject(
      failure("Internal", /^the discovery service .* gave an answer without a usable \w+/),
    );
  });
});

describe("what an environment must say", () => {
  test.each<[string, string, object]>([
    ["h2oCloudEnvironment", "environment", { issuerUrl: "https://idp.example.com" }],
    ["issuerUrl", "environment", { h2oCloudEnvironment: "https://cloud.example.com" }],
    ["uri", "services", { name: ENGINE_MANAGER.name }],
    ["uri", "services", { name: ENGINE_MANAGER.name, uri: "" }],
    ["oauth2ClientId", "clients", { name: PLATFORM.name, oauth2ClientId: 1 }],
  ])("is missed by its name: %s of %s", async (key, path, object) => {
    const body = path === "environment" ? { environment: object } : { [path]: [object] };
    const { connection } = await discoverWith(path, { body });
    await expect(connection).resolves.toMatchObject(
      failure("Internal", new RegExp(`without a usable ${key}; check the address`)),
    );
  });

  test("is an issuer that tokens can be sent to, and an address of AIEM", async () => {
    const said = { h2oCloudEnvironment: "https://e", issuerUrl: "http://idp.example.com" };
    const issuer = await discoverWith("environment", { body: { environment: said } });
    await expect(issuer.connection).resolves.toMatchObject(
      failure("Internal", /^the issuerUrl of the discovery service .* must be https/),
    );
    const uri = { services: [{ name: ENGINE_MANAGER.name, uri: "aiem" }] };
    const aiem = await discoverWith("services", { body: uri });
    await expect(aiem.connection).resolves.toMatchObject(
      failure(
        "Internal",
        /^the uri of engine-manager at .* must be an absolute http or https URL$/,
      ),
    );
  });
});

test("a list whose pages repeat is not read for ever", async () => {
  const { url } = await startEnvironment({
    answer: ({ path }) =>
      path.endsWith("services") ? { body: { services: [], nextPageToken: "again" } } : undefined,
  });
  await expect(discoverConnection({ environment: url })).rejects.toMatchObject(
    failure("Internal", / lists services without an end: a page comes again/),
  );
});

test("an abort ends the discovery and its connection with the signal's reason", async () => {
  const { url, sockets } = await startEnvironment({ answer: () => "hang" });
  const abort = new AbortController();
  const call = discoverConnection({ environment: url, signal: abort.signal });
  const end = expect(call).rejects.toBe("enough");
  await expect.poll(() => sockets.size).toBe(1);
  abort.abort("enough");
  await end;
  await expect.poll(() => sockets.size).toBe(0);
  await expect(discoverConnection({ signal: AbortSignal.abort("no") })).rejects.toBe("no");
});

test.each([
  [{ environment: "" }, "environment"],
  [{ environment: "cloud.example.com" }, "environment"],
  [{ environment: "http://cloud.example.com" }, "environment"],
  [{ discoveryAddress: "https://user:MARKER@host" }, "discoveryAddress"],
  [{ discoveryAddress: "https://host/?MARKER" }, "discoveryAddress"],
  [{ configPath: "" }, "configPath"],
  [{ httpTimeoutMs: -1 }, "httpTimeoutMs"],
  [{ verifySsl: "false" }, "verifySsl"],
  [{ signal: 5 }, "signal"],
  [{ signal: null }, "signal"],
  [{ signal: {} }, "signal"],
  [null, "options"],
  ["https://cloud.example.com", "options"],
  [[], "options"],
])("an option that cannot be is refused: %j", async (given: unknown, field) => {
  // What a caller in JavaScript can say.
  const options: DiscoverConnectionOptions = JSON.parse(JSON.stringify(given));
  const error: unknown = await discoverConnection(options).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: "InvalidInputError", field });
  expect(String(error)).not.toContain("MARKER");
});
