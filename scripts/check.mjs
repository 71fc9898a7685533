/**
 * Everything that is checked without running the code, offline. All checks run, whatever fails
 * first; only the failing ones show what they said.
 */
import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { toolEnvironment } from "./tool-environment.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** In this order because the types of the examples, publint and attw need the build. */
const checks = [
  ["biome", "ci", "--error-on-warnings", "--colors=off"],
  ["buf", "lint"],
  ["buf", "format", "--diff", "--exit-code", "proto"],
  ["buf", "breaking", "proto", "--against", "proto.baseline.binpb", "--exclude-imports"],
  ["node", "scripts/check-generated.mjs"],
  ["node", "scripts/check-imports.mjs"],
  ["node", "scripts/check-file-sizes.mjs"],
  ["node", "scripts/build.mjs"],
  ["node", "scripts/bundle-cli.mjs"],
  ["tsc", "--project", "tsconfig.json"],
  ["publint", "--strict"],
  ["attw", "--pack", ".", "--profile", "esm-only", "--no-emoji"],
];

let failed = 0;
for (const [command = "", ...args] of checks) {
  const start = performance.now();
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env: toolEnvironment,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${[command, ...args].join(" ")} (${seconds} s)`);
  if (status !== 0) {
    failed += 1;
    console.log([stdout, stderr, error?.message].filter(Boolean).join("\n"));
  }
}
console.log(failed === 0 ? "All checks passed." : `${failed} of ${checks.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;
