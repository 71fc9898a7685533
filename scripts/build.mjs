/**
 * Builds `dist`. The code of all entry points goes into a few files: Node.js takes a third longer to
 * load some two hundred, and each costs the package a header. It has no comments, since what users
 * read is in the declarations, and no source maps, which would double the package. Names and lines
 * stay, for those who read a stack trace. Of the declarations only those stay that an entry point
 * leads to.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { importedSpecifiers } from "./imported-specifiers.mjs";
import { filesUnder } from "./source-files.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** Without the folder and the extensions: `index`, `stub/index`. */
const entries = Object.values(exports)
  .filter((target) => typeof target === "object")
  .map((target) => target.default.replace(/^\.\/dist\/(.*)\.js$/, "$1"));

rmSync(join(root, "dist"), { recursive: true, force: true });
declare();
await bundle();

function declare() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const args = [tsc, "--project", "tsconfig.build.json"];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
  /** @type {Set<string>} */
  const reached = new Set();
  for (const entry of entries) {
    reach(`dist/${entry}.d.ts`, reached);
  }
  for (const file of filesUnder(root, "dist")) {
    if (!reached.has(file)) {
      rmSync(join(root, file));
    }
  }
}

/**
 * @param {string} file the path of a declaration file
 * @param {Set<string>} reached
 */
function reach(file, reached) {
  if (reached.has(file)) {
    return;
  }
  reached.add(file);
  for (const specifier of importedSpecifiers(readFileSync(join(root, file), "utf8"), file)) {
    if (specifier?.startsWith(".")) {
      reach(posix.join(posix.dirname(file), specifier.replace(/\.js$/, ".d.ts")), reached);
    }
  }
}

async function bundle() {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((entry) => [entry, `src/${entry}.ts`])),
    platform: "node",
    tsconfig: false,
    transform: { target: "node20.19" },
    external: (id) => !/^[./]/.test(id) && !id.startsWith("\0"),
  });
  await build.write({
    dir: join(root, "dist"),
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    // What may be dropped is told by annotations, to bundlers of this code.
    comments: { annotation: true, legal: false, jsdoc: false },
  });
  await build.close();
}
