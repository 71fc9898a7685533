import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openApi } from "../../scripts/openapi/openapi.mjs";
import { root, run } from "../support/run-tool.js";

const missing = whatIsMissing();
const untested = missing === undefined ? "" : ` (not tested: ${missing})`;
if (missing !== undefined) {
  console.warn(`\n!!! SKIPPED: whether proto/openapi.json is stale: ${missing}\n`);
}

/** Why the plugin cannot run here; compiles it where it can. */
function whatIsMissing(): string | undefined {
  try {
    run("go", ["version"]);
  } catch {
    return "there is no Go in PATH";
  }
  try {
    run("go", ["-C", "scripts/openapi", "tool", "-n", "protoc-gen-openapiv3"]);
    return undefined;
  } catch (error) {
    // Go's last line tells what was missing; those before it are its progress.
    const reason = error instanceof Error ? error.message : String(error);
    return reason.split("\n").at(-1) ?? "";
  }
}

describe.skipIf(missing !== undefined)(`proto/openapi.json${untested}`, () => {
  it("is what `npm run generate:openapi` makes of the contract", () => {
    expect(readFileSync(join(root, "proto/openapi.json"), "utf8")).toBe(openApi());
  });
});
