import { describe, expect, it } from "vitest";
import { type DocumentedOption, documentedOptions } from "./documented-options.js";
import { readText } from "./documents.js";
import { tableRows } from "./markdown.js";

/** The rows of a document's tables whose first cell is the option. */
function rowsOf(document: string, option: string): string[][] {
  return tableRows(readText(document)).filter(([cell]) => cell === `\`${option}\``);
}

function untold(document: string, options: readonly DocumentedOption[]): string[] {
  return options.map(({ name }) => name).filter((name) => rowsOf(document, name).length === 0);
}

/** The numbers of the default that a table does not tell; every table that has the option must. */
function wrongDefaults(document: string, options: readonly DocumentedOption[]): string[] {
  return options.flatMap(({ name, defaultText }) => {
    const numbers = defaultText.match(/\d[\d_]*/g) ?? [];
    return rowsOf(document, name)
      .filter((row) => numbers.some((number) => !row.join(" ").includes(number)))
      .map((row) => `${row.join(" | ")} (is ${defaultText.trim()})`);
  });
}

const transport = documentedOptions("src/transport/connection-config.ts", "TransportOptions");
const timings = documentedOptions("src/client/client-options.ts", "ClientTimings");
const retry = documentedOptions("src/call/patience.ts", "RetryOptions");
const call = documentedOptions("src/call/call-options.ts", "CallOptions");
const polling = documentedOptions(
  "src/client/wait-process-by-polling.ts",
  "WaitProcessByPollingOptions",
);
const termination = documentedOptions("src/client/terminate-process.ts", "TerminateProcessOptions");
const clocks = [
  ...timings,
  ...polling,
  ...termination,
  ...[...call, ...transport].filter(({ name }) => /timeoutMs$/i.test(name)),
];

describe("docs/connecting.md", () => {
  it("has every option of the connection, with its default", () => {
    expect(untold("docs/connecting.md", transport)).toEqual([]);
    expect(wrongDefaults("docs/connecting.md", transport)).toEqual([]);
  });
});

describe("docs/errors-and-retries.md", () => {
  it("has every clock and every option of the retries, with its default", () => {
    const options = [...clocks, ...retry];
    expect(untold("docs/errors-and-retries.md", options)).toEqual([]);
    expect(wrongDefaults("docs/errors-and-retries.md", options)).toEqual([]);
  });
});

describe("docs/waiting-and-clocks.md", () => {
  it("has every clock, with its default", () => {
    expect(untold("docs/waiting-and-clocks.md", clocks)).toEqual([]);
    expect(wrongDefaults("docs/waiting-and-clocks.md", clocks)).toEqual([]);
  });
});

describe("docs/authentication.md", () => {
  const token = [
    ...documentedOptions("src/auth/refresh/refresh-token-provider.ts", "RefreshTokenOptions"),
    ...documentedOptions("src/auth/http/send.ts", "AuthHttpOptions"),
  ];
  const discovery = documentedOptions(
    "src/auth/discovery/discover-connection.ts",
    "DiscoverConnectionOptions",
  );

  it("has every option of the tokens, with its default", () => {
    expect(untold("docs/authentication.md", token)).toEqual([]);
    expect(wrongDefaults("docs/authentication.md", token)).toEqual([]);
  });

  it("names every option of the discovery", () => {
    const text = readText("docs/authentication.md");
    const names = discovery.map(({ name }) => name);
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("docs/stub.md", () => {
  const stub = [
    ...documentedOptions("src/stub/stub-options.ts", "StubOptions"),
    ...documentedOptions("src/stub/start-stub-server.ts", "StubServerOptions"),
  ];

  const platform = documentedOptions("src/stub/platform/stub-platform.ts", "StubPlatformOptions");

  it("has every option of the platform, with its default", () => {
    expect(untold("docs/stub.md", platform)).toEqual([]);
    expect(wrongDefaults("docs/stub.md", platform)).toEqual([]);
  });

  it("names every option of the stub", () => {
    const text = readText("docs/stub.md");
    expect(stub.map(({ name }) => name).filter((name) => !text.includes(`\`${name}`))).toEqual([]);
  });
});
