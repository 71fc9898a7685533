import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { userDocuments } from "../docs/documents.js";
import { codeBlocks } from "../docs/markdown.js";
import type { TestCertificate } from "../support/certificates.js";
import type { ProgramRun } from "../support/run-to-end.js";
import { makeOwnCertificate } from "./support/own-certificate.js";
import { runPython } from "./support/run-python.js";
import { scenarios } from "./support/scenarios.js";
import { startServers } from "./support/start-servers.js";

const found = inject("h2oPython");
const python = "python" in found ? found.python : "";
const programs = scenarios().map(({ title, path }) => [title, path] as const);
const examples = userDocuments().flatMap(({ path, markdown }) =>
  codeBlocks(markdown)
    .filter(({ language, shows }) => language === "python" && shows === undefined)
    .map((block) => [`${path}:${block.line}`, block] as const),
);
// The title takes the reason into the report, from which the last lines of a run are made.
const untested = "missing" in found ? ` (not tested: ${found.missing})` : "";

describe.skipIf("missing" in found)(`H2O's Python client${untested}`, () => {
  const methods = new Set<string>();
  let certificate: TestCertificate;
  let folder: string;
  let ca: string;

  beforeAll(async () => {
    certificate = await makeOwnCertificate();
    folder = mkdtempSync(join(tmpdir(), "aiem-polyglot-"));
    ca = join(folder, "ca.pem");
    writeFileSync(ca, certificate.cert);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = async (args: readonly string[]): Promise<ProgramRun> => {
    const servers = await startServers(certificate);
    return runPython(python, args, { ...servers, AIEM_CA: ca });
  };

  test.each(programs)("%s", async (_title, path) => {
    const { exitCode, stdout, stderr } = await run([path]);
    expect(exitCode, stderr).toBe(0);
    const reports = stdout.trim().split("\n").map(parseReport);
    expect(reports).not.toEqual([]);
    for (const method of reports) {
      methods.add(method);
    }
  });

  test("has been used with each method that it publishes", async () => {
    const { stdout, stderr } = await runPython(python, ["-m", "published_methods"]);
    const published = stdout.trim().split("\n");
    expect(published, stderr).toContain("create_process");
    expect([...methods].sort()).toEqual(published.sort());
  });

  test.each(examples)("does what the documents show: %s", async (_place, { code, prints }) => {
    const { exitCode, stdout, stderr } = await run(["-c", code]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe(prints);
  });
});

function parseReport(line: string): string {
  const report: unknown = JSON.parse(line);
  if (typeof report === "object" && report !== null && "method" in report) {
    return String(report.method);
  }
  throw new Error(`not a report of a scenario: ${line}`);
}
