import { fileURLToPath } from "node:url";
import { fileSizes } from "./file-sizes.mjs";

const { median, tooLong } = fileSizes(fileURLToPath(new URL("..", import.meta.url)).slice(0, -1));
console.log(`median ${median} lines a file in src/`);
for (const problem of tooLong) {
  console.error(problem);
}
process.exitCode = tooLong.length === 0 ? 0 : 1;
