import { fileURLToPath } from "node:url";
import { importViolations, rulesWithoutFiles } from "./import-rules.mjs";

const root = fileURLToPath(new URL("..", import.meta.url)).slice(0, -1);
const violations = [...rulesWithoutFiles(root), ...importViolations(root)];
for (const violation of violations) {
  console.error(violation);
}
process.exitCode = violations.length === 0 ? 0 : 1;
