import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connectionFromEnvironment } from "../../src/auth/connection-from-environment.js";
import { failure } from "../transport/support/failure.js";
import { setVariables, useEmptyEnvironment } from "./support/environment.js";

useEmptyEnvironment();

function thrown(): unknown {
  try {
    return connectionFromEnvironment();
  } catch (error) {
    return error;
  }
}

test("takes the address and the token of the environment", () => {
  setVariables({ AIEM_URL: "https://aiem.example.com/prefix", AIEM_TOKEN: "token" });
  expect(connectionFromEnvironment()).toEqual({
    aiemUrl: "https://aiem.example.com/prefix",
    tokenProvider: "token",
  });
});

test("has no token provider without a token", () => {
  for (const AIEM_TOKEN of [undefined, ""]) {
    setVariables({
      AIEM_URL: "http://127.0.0.1:8080",
      ...(AIEM_TOKEN !== undefined && { AIEM_TOKEN }),
    });
    expect(connectionFromEnvironment()).toEqual({ aiemUrl: "http://127.0.0.1:8080" });
  }
});

test("tells what to set where there is no address", () => {
  for (const AIEM_URL of [undefined, ""]) {
    setVariables(AIEM_URL === undefined ? {} : { AIEM_URL });
    expect(thrown()).toMatchObject(
      failure("FailedPrecondition", /^the environment variable AIEM_URL is not set; set it to/),
    );
  }
});

test("refuses what is no address, without showing it", () => {
  for (const AIEM_URL of [
    "MARKER",
    "ftp://MARKER",
    "https://user:MARKER@host",
    "https://h/?MARKER",
  ]) {
    setVariables({ AIEM_URL });
    expect(thrown()).toMatchObject(
      failure("FailedPrecondition", /^the environment variable AIEM_URL must (?!.*MARKER)/),
    );
  }
});

test("takes the server's descriptors from the file that AIEM_CONTRACT names", () => {
  setVariables({
    AIEM_URL: "http://127.0.0.1:8080",
    AIEM_CONTRACT: join(import.meta.dirname, "../../proto/descriptor-set.binpb"),
  });
  const { contract } = connectionFromEnvironment();
  expect(contract).toBeInstanceOf(Uint8Array);
});

test.each([
  ["is not there", undefined, /^the file .*none\.binpb that AIEM_CONTRACT names .* \(ENOENT\)$/],
  ["holds no descriptors", "text", /^the file .* cannot be used: it must be a google\.protobuf\./],
  ["lacks the service", "", /^the file .* cannot be used: it must have one service ProcessService/],
])("refuses a file of AIEM_CONTRACT that %s", (_, text, message) => {
  const folder = mkdtempSync(join(tmpdir(), "aiem-contract-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "none.binpb");
  if (text !== undefined) {
    writeFileSync(file, text);
  }
  setVariables({ AIEM_URL: "http://127.0.0.1:8080", AIEM_CONTRACT: file });
  expect(thrown()).toMatchObject(failure("FailedPrecondition", message));
});
