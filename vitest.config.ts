import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", ["json", { outputFile: "node_modules/.vitest/report.json" }]],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What is waited for comes at once, but not on a machine that is busy with something else.
    expect: { poll: { timeout: 20_000 } },
    // Real sockets, clocks and processes on a shared machine: what fails has to fail twice to stop a
    // change. The count names what passed at its second try only.
    retry: process.env["CI"] === undefined ? 0 : 1,
    // Most tests wait for processes and sockets: one worker, as on two cores, leaves both idle.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: "src",
          include: ["test/**/*.test.ts"],
          exclude: [
            "test/cli/**",
            "test/package/**",
            "test/polyglot/**",
            "test/conformance/**",
            "test/runtimes/**",
            "test/reference/**",
          ],
        },
      },
      {
        // Apart, so that only its runs wait for the command line to be bundled.
        extends: true,
        test: {
          name: "cli",
          include: ["test/cli/**/*.test.ts"],
          globalSetup: "test/cli/support/bundle.ts",
          testTimeout: 60_000,
        },
      },
      {
        // Apart, so that only its runs wait for the tarball to be packed.
        extends: true,
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: "test/package/pack.ts",
          testTimeout: 60_000,
        },
      },
      {
        // Apart, because it needs the tools of other languages and, the first time, the network: `npm test` does not.
        extends: true,
        test: {
          name: "polyglot",
          include: ["test/polyglot/**/*.test.ts"],
          globalSetup: [
            "test/cli/support/bundle.ts",
            "test/polyglot/support/h2o-python.ts",
            "test/polyglot/support/grpc-go.ts",
            "test/polyglot/support/examples.ts",
          ],
        },
      },
      {
        // Apart, because it needs the npm registry the first time.
        extends: true,
        test: {
          name: "runtimes",
          include: ["test/runtimes/**/*.test.ts"],
          globalSetup: [
            "test/package/pack.ts",
            "test/runtimes/support/jest.ts",
            "test/runtimes/support/runtimes.ts",
            "test/runtimes/support/package-managers.ts",
          ],
        },
      },
      {
        // Apart, because it needs the npm registry the first time.
        extends: true,
        test: {
          name: "reference",
          include: ["test/reference/**/*.test.ts"],
          globalSetup: "test/reference/support/reference.ts",
        },
      },
      {
        // Apart, because it needs Go and, the first time, the network. After the others, because its
        // cases have deadlines of a fifth of a second.
        extends: true,
        test: {
          name: "conformance",
          include: ["test/conformance/**/*.test.ts"],
          globalSetup: "test/conformance/support/suite.ts",
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
