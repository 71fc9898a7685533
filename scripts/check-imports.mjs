import { fileURLToPath } from "node:url";
import { importViolations } from "./import-rules.mjs";

const violations = importViolations(fileURLToPath(new URL("..", import.meta.url)).slice(0, -1));
for (const violation of violations) {
  console.error(violation);
}
process.exitCode = violations.length === 0 ? 0 : 1;
