/**
 * Bundles the command line, with all that it imports, into a few files: from some hundred files Node
 * starts three times as slowly. The stub is a file of its own, loaded only by what needs it.
 *
 * Usage: node scripts/bundle-cli.mjs [FOLDER]   dist/cli unless told otherwise
 */
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { noticesOf } from "./third-party-notices.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = resolve(process.argv[2] ?? join(root, "dist", "cli"));
const entry = "aiem-process.js";

rmSync(folder, { recursive: true, force: true });
const build = await rolldown({
  input: join(root, "src", "cli", "main.ts"),
  cwd: root,
  platform: "node",
  tsconfig: false,
});
const { output } = await build.write({
  dir: folder,
  format: "esm",
  entryFileNames: entry,
  chunkFileNames: "[name].js",
  // Comments and blanks only: names are for those who read a stack trace.
  minify: { compress: false, mangle: false, codegen: true },
});
await build.close();
const modules = output.flatMap((file) => (file.type === "chunk" ? Object.keys(file.modules) : []));
writeFileSync(join(folder, "THIRD-PARTY-NOTICES.txt"), noticesOf(modules));
chmodSync(join(folder, entry), 0o755);
