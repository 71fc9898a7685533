/**
 * Bundles the command line, with all that it imports, into a few files: from some hundred files Node
 * starts three times as slowly. The stub is loaded only by what needs it.
 *
 * Usage: node scripts/bundle-cli.mjs [FOLDER]   dist/cli unless told otherwise
 */
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { noticesOf } from "./third-party-notices.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const shipped = join(root, "dist", "cli");
const folder = resolve(process.argv[2] ?? shipped);
const entry = "aiem-process.js";

rmSync(folder, { recursive: true, force: true });
const build = await rolldown({
  input: join(root, "src", "cli", "main.ts"),
  cwd: root,
  platform: "node",
  tsconfig: false,
  plugins: folder === shipped ? [stubOfThePackage()] : [],
});
const { output } = await build.write({
  dir: folder,
  format: "esm",
  entryFileNames: entry,
  chunkFileNames: "[name].js",
  // With names, for those who read a stack trace, this second copy of the client would take the
  // package to its limit. The package itself has them.
  minify: true,
});
await build.close();
const modules = output.flatMap((file) => (file.type === "chunk" ? Object.keys(file.modules) : []));
writeFileSync(join(folder, "THIRD-PARTY-NOTICES.txt"), noticesOf(modules));
chmodSync(join(folder, entry), 0o755);

/** Few commands need the stub, and next to the shipped command line there is one. */
function stubOfThePackage() {
  const stub = join(root, "src", "stub", "index.js");
  return {
    name: "stub of the package",
    /**
     * @param {string} source
     * @param {string | undefined} importer
     */
    resolveId: (source, importer) =>
      importer !== undefined && resolve(dirname(importer), source) === stub
        ? { id: "../stub/index.js", external: true }
        : undefined,
  };
}
