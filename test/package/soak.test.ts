import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, inject, it } from "vitest";

const { consumer } = inject("packed");
const bench = fileURLToPath(new URL("../../bench", import.meta.url));

it("a client that was busy, aborted and cut off holds what it held before, and so does the engine", async () => {
  cpSync(bench, join(consumer, "bench"), { recursive: true });
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--expose-gc", "bench/soak.mjs", "--short"],
    { cwd: consumer, timeout: 50_000 },
  );
  expect(stdout).toMatch(/\nnothing leaked\n$/);
});
