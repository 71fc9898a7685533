import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { ClientOptions } from "../../src/index.js";
import { makeTestCertificates, type TestCertificates } from "../support/certificates.js";
import { root } from "../support/run-tool.js";
import { runProgram, type StartedProgram, startProgram } from "./support/run-program.js";

/** A run of `programs/client.mjs`, which has to pass all its cases. */
interface Run {
  readonly title: string;
  /** Its name, of which the names of processes are made. */
  readonly run: string;
  readonly options: ClientOptions;
  readonly isSecure?: true;
}

// Each takes some 3 s on two cores that have nothing else to do.
const MAX_MS = 90_000;

/** The protocols of a client whose spans and metrics are recorded. */
const OBSERVED = ["grpc", "connect", "rest"] as const;

const { consumer } = inject("packed");
const openTelemetry = inject("openTelemetry");
// A user of OpenTelemetry's SDK 3; the packed package's own is for SDK 2.
const observer = join(consumer, "sdk-3");
const observedTest = "missing" in openTelemetry ? test.skip : test.concurrent;
const programs = join(consumer, "runtimes");
const caFile = join(programs, "ca.pem");

const runs: readonly Run[] = [
  { title: "what it chooses by itself", run: "auto", options: {} },
  { title: "gRPC", run: "grpc", options: { protocol: "grpc" } },
  { title: "REST", run: "rest", options: { protocol: "rest" } },
  { title: "Connect over HTTP/2", run: "connect-2", options: { protocol: "connect" } },
  {
    title: "Connect over HTTP/1.1",
    run: "connect-1",
    options: { protocol: "connect", httpVersion: "1.1" },
  },
  { title: "gRPC with TLS", run: "grpc-tls", options: { protocol: "grpc" }, isSecure: true },
  { title: "REST with TLS", run: "rest-tls", options: { protocol: "rest" }, isSecure: true },
];
let certificates: TestCertificates;

beforeAll(async () => {
  cpSync(join(root, "test/runtimes/programs"), programs, { recursive: true });
  certificates = await makeTestCertificates();
  writeFileSync(caFile, certificates.authority.cert);
  if ("modules" in openTelemetry) {
    makeObserver(openTelemetry.modules);
  }
});

function makeObserver(sdk: string): void {
  const modules = join(observer, "node_modules");
  const own = join(consumer, "node_modules");
  mkdirSync(modules, { recursive: true });
  // A copy, because a link would find what is beside the original.
  cpSync(join(own, "aiem-process-client"), join(modules, "aiem-process-client"), {
    recursive: true,
  });
  for (const name of readdirSync(own)) {
    if (name !== "aiem-process-client" && name !== "@opentelemetry") {
      symlinkSync(join(own, name), join(modules, name));
    }
  }
  symlinkSync(join(sdk, "@opentelemetry"), join(modules, "@opentelemetry"));
  cpSync(join(programs, "otel.mjs"), join(observer, "otel.mjs"));
}

for (const runtime of inject("runtimes")) {
  // The title takes the reason into the report, from which the last lines of a run are made.
  const untested = "missing" in runtime ? ` (not tested: ${runtime.missing})` : "";

  describe.skipIf("missing" in runtime)(`the package in ${runtime.title}${untested}`, () => {
    const { program, args, isNode } =
      "program" in runtime ? runtime : { program: "", args: [], isNode: false };
    let server: StartedProgram;

    beforeAll(async () => {
      // The stub is for Node.js: for the others it runs in this one.
      const command = isNode ? program : process.execPath;
      server = await startProgram(
        { command, args: ["runtimes/server.mjs"], cwd: consumer },
        {
          tls: certificates.server,
          runs: [...runs.map(({ run }) => run), ...OBSERVED.map(observed)].flatMap((run) => [
            run,
            again(run),
          ]),
        },
      );
    });
    afterAll(() => server.close());

    const tried = new Set<string>();

    observedTest.each(OBSERVED)(
      "tells OpenTelemetry's SDK 3 of calls over %s",
      { timeout: MAX_MS },
      async (protocol) => {
        const first = observed(protocol);
        const run = tried.has(first) ? again(first) : first;
        tried.add(first);
        const input = { ...server.told, run, options: { protocol } };
        const { stdout, stderr } = await runProgram(
          { command: program, args: [...args, "otel.mjs"], cwd: observer },
          input,
          MAX_MS,
        );
        const told = JSON.parse(stdout || "{}");
        const name = (rpc: string, verb: string) =>
          protocol === "rest"
            ? `GET /v1/{name=workspaces/*/sandboxEngines/*/processes/*}${verb}`
            : rpc;
        const create = "POST /v1/{parent=workspaces/*/sandboxEngines/*}/processes";
        const stream = name("StreamOutput", ":streamOutput");
        expect(told.tree, stderr).toEqual([
          "INTERNAL runProcess",
          `  CLIENT ${protocol === "rest" ? create : "CreateProcess"}`,
          "    INTERNAL CreateProcess attempt",
          `  CLIENT ${stream}`,
          "    * aiem.retry",
          "    * aiem.resume",
          "    INTERNAL StreamOutput attempt",
          "    INTERNAL StreamOutput attempt",
          `    CLIENT ${name("GetProcess", "")}`,
          "      INTERNAL GetProcess attempt",
        ]);
        expect(told).toMatchObject({
          active: [stream, stream],
          retries: 1,
          resumes: 1,
          calls: 3,
          streams: 0,
        });
      },
    );

    test.concurrent.each(runs)("speaks $title", { timeout: MAX_MS + 10_000 }, async (wanted) => {
      // A second try meets the processes of the first one.
      const run = tried.has(wanted.run) ? { ...wanted, run: again(wanted.run) } : wanted;
      tried.add(run.run);
      const { exitCode, stdout, stderr } = await runProgram(
        { command: program, args: [...args, "runtimes/client.mjs"], cwd: consumer },
        inputOf(run, server.told),
        MAX_MS,
      );
      const { passed, of, ...failures } = parse(stdout);
      expect(failures, stderr).toEqual({ failures: [] });
      expect(passed).toBe(of);
      expect(exitCode, stderr).toBe(0);
    });
  });
}

function observed(protocol: string): string {
  return `observed-${protocol}`;
}

function again(run: string): string {
  return `${run}-again`;
}

function inputOf({ run, options, isSecure }: Run, told: Readonly<Record<string, unknown>>): object {
  return isSecure
    ? { ...told, run, url: told["secureUrl"], options: { ...options, sslCaCert: caFile } }
    : { ...told, run, options };
}

/** What the client wrote: a line for each case that failed, and the counts. */
function parse(stdout: string) {
  const lines: Record<string, unknown>[] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { passed, of } = lines.at(-1) ?? {};
  return { passed, of, failures: lines.filter((line) => "failed" in line) };
}
