import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProcessSpec } from "../../src/index.js";
import { notText } from "./bad-values.js";
import { ENGINE } from "./calls.js";
import { refusal, refusedField, untyped } from "./refused.js";

const notObject = notText.filter((value) => typeof value !== "object" || value === null);

const text = fc.string({ unit: "grapheme" }).map((any) => any.replaceAll("\0", ""));
const breaking = fc.constantFrom("\0", "\uD800", "\uDFFF", "\uDC00\uD800");

/** Texts that no process can be given: with a NUL byte, or without an encoding in UTF-8. */
const badText = fc
  .tuple(text, breaking, text)
  .map(([before, bad, after]) => `${before} ${bad} ${after}`);

async function expectField(
  field: string | RegExp,
  specs: fc.Arbitrary<{ readonly [key: string]: unknown }>,
) {
  await fc.assert(
    fc.asyncProperty(specs, async (broken) => {
      const spec: ProcessSpec = { command: "true", ...broken };
      for (const refused of [
        await refusedField((client) => client.createProcess(ENGINE, spec)),
        await refusedField((client) => client.runProcess(ENGINE, spec)),
      ]) {
        expect(refused).toMatch(field);
      }
    }),
    { numRuns: 60 },
  );
}

describe("a specification is refused", () => {
  it("if it is no object", async () => {
    const values = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
    );
    await fc.assert(
      fc.asyncProperty(values, async (spec) => {
        expect(await refusedField((c) => c.createProcess(ENGINE, untyped(spec)))).toBe("spec");
      }),
    );
  });

  it("if its command is missing, empty, or cannot be given to a process", async () => {
    const commands = fc.oneof(notText, badText, fc.constant(""));
    await expectField(
      /^spec\.command$/,
      commands.map((command) => ({ command })),
    );
  });

  it("if an argument cannot be given to a process, and tells which", async () => {
    await expectField(
      /^spec\.args$/,
      fc
        .anything()
        .filter((args) => args !== undefined && !Array.isArray(args))
        .map((args) => ({ args })),
    );
    const bad = fc.oneof(notText, badText);
    await expectField(
      /^spec\.args\[2\]$/,
      fc.tuple(text, text, bad, text).map((args) => ({ args })),
    );
  });

  it("if its working directory is not absolute, or cannot be one", async () => {
    const relative = text.filter((path) => path !== "" && !path.startsWith("/"));
    const directories = fc.oneof(
      relative,
      badText,
      badText.map((path) => `/${path}`),
      notText.filter((value) => value !== undefined),
    );
    await expectField(
      /^spec\.workingDirectory$/,
      directories.map((workingDirectory) => ({ workingDirectory })),
    );
  });

  it("if a variable's name is empty, or holds =, a NUL byte or half a character", async () => {
    const names = fc.oneof(
      fc.constant(""),
      badText,
      fc.tuple(text, text).map((halves) => halves.join("=")),
    );
    await expectField(
      /^spec\.environmentVariables$/,
      names.map((name) => ({ environmentVariables: { OK: "1", [name]: "1" } })),
    );
    const secret = { secretVersion: "workspaces/w/secrets/s/versions/1" };
    await expectField(
      /^spec\.secretEnvironmentVariables$/,
      names.map((name) => ({ secretEnvironmentVariables: { OK: secret, [name]: secret } })),
    );
  });

  it("if a variable's value is no text, or cannot be given to a process", async () => {
    await expectField(
      /^spec\.environmentVariables\.BAD$/,
      fc.oneof(notText, badText).map((bad) => ({ environmentVariables: { OK: "1", BAD: bad } })),
    );
  });

  it("if a secret is not the name of a version", async () => {
    const versions = fc.oneof(
      notText,
      text,
      fc.constantFrom(
        "workspaces/w/secrets/s",
        "workspaces/w/secrets/s/versions/",
        "workspaces/w/secrets/s/versions/1/x",
        "/workspaces/w/secrets/s/versions/1",
        "workspaces//secrets/s/versions/1",
        "workspaces/w/secrets/s/versions/1\n",
        "workspaces/w/secrets/\0/versions/1",
        "workspaces/w/secrets/\uD800/versions/1",
      ),
    );
    await expectField(
      /^spec\.secretEnvironmentVariables\.BAD\.secretVersion$/,
      versions.map((secretVersion) => ({ secretEnvironmentVariables: { BAD: { secretVersion } } })),
    );
    await expectField(
      /^spec\.secretEnvironmentVariables\.BAD\.secretVersion$/,
      notObject.map((bad) => ({ secretEnvironmentVariables: { BAD: bad } })),
    );
  });

  it("if its variables are no plain object, whose entries would be lost", async () => {
    const maps = fc.constantFrom(new Map([["A", "1"]]), new Set(["A"]), [["A", "1"]], "A=1", 5);
    await expectField(
      /^spec\.environmentVariables$/,
      maps.map((environmentVariables) => ({ environmentVariables })),
    );
    await expectField(
      /^spec\.secretEnvironmentVariables$/,
      maps.map((secretEnvironmentVariables) => ({ secretEnvironmentVariables })),
    );
  });

  it("with the value of what is no secret", async () => {
    const spec = { command: "true", workingDirectory: "relative/path" };
    const error = await refusal((client) => client.createProcess(ENGINE, spec));
    expect(error.message).toBe(
      'spec.workingDirectory must be an absolute path, but is "relative/path"',
    );
  });
});
