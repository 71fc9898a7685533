import { beforeAll, describe, expect, inject, test } from "vitest";
import { compileAdaptors } from "./support/compile-adaptors.js";
import { type Mode, runSuite } from "./support/run-suite.js";

const found = inject("conformanceSuite");
// The title takes the reason into the report, from which the last lines of a run are made.
const untested = "missing" in found ? ` (not tested: ${found.missing})` : "";
// Each takes some 5 s on two cores that have nothing else to do.
const MAX_MS = 110_000;

const runs: [title: string, mode: Mode, protocol: string][] = [
  ["the client speaks gRPC as it is specified", "client", "grpc"],
  ["the client speaks Connect as it is specified, over HTTP/1.1 and HTTP/2", "client", "connect"],
  ["the stub's server speaks gRPC as it is specified", "server", "grpc"],
  ["the stub's server speaks gRPC-Web, over HTTP/1.1 and HTTP/2", "server", "grpc-web"],
  ["the stub's server speaks Connect, over HTTP/1.1 and HTTP/2", "server", "connect"],
];

describe.skipIf("missing" in found)(`Connect's conformance suite${untested}`, () => {
  let suite = { runner: "", programs: "" };

  beforeAll(() => {
    if ("runner" in found) {
      suite = { runner: found.runner, programs: compileAdaptors(found.protos) };
    }
  }, 60_000);

  test.each(runs)("%s", { timeout: MAX_MS + 10_000 }, async (_title, mode, protocol) => {
    const start = performance.now();
    const { exitCode, report, passed, failed, known } = await runSuite(
      mode,
      protocol,
      suite,
      MAX_MS,
    );
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `conformance, ${mode}, ${protocol}: ${passed} of ${passed + failed + known} cases, ${known} known failures, ${seconds} s`,
    );
    expect(exitCode, report).toBe(0);
    // Where one of the programs ended too early.
    expect(report).not.toContain("could not be run");
    expect(passed, report).toBeGreaterThan(200);
  });
});
