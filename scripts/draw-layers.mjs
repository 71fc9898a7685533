/**
 * Draws the layers of `src/` and what they import of each other into docs/architecture.md. A test
 * fails where the picture there is another one.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allowedImports, importGraph } from "./import-rules.mjs";

const DOCUMENT = "docs/architecture.md";
const PICTURE = /^```mermaid\n[\s\S]*?^```$/m;

/** What users import or run. */
const ENTRIES = new Map([
  ["index.ts", "aiem-process-client"],
  ["gen.ts", "aiem-process-client/gen"],
  ["stub", "aiem-process-client/stub"],
  ["otel", "aiem-process-client/otel"],
  ["cli", "aiem-process"],
]);

/**
 * The layers, each with those that its files import; types count as well.
 *
 * @param {string} root the repository's folder
 * @returns {Map<string, Set<string>>}
 */
export function layerImports(root) {
  /** @type {Map<string, Set<string>>} */
  const layers = new Map();
  for (const [file, imports] of importGraph(root)) {
    const from = layerOf(file);
    const known = layers.get(from) ?? new Set();
    layers.set(from, known);
    for (const { target, isFile } of imports) {
      const to = isFile ? layerOf(target) : from;
      if (to !== from) {
        known.add(to);
      }
    }
  }
  return layers;
}

/** @param {string} path of a file in the repository */
function layerOf(path) {
  if (path.startsWith("gen/")) {
    return "gen";
  }
  const prefix = Object.keys(allowedImports).find((layer) => path.startsWith(layer)) ?? path;
  return prefix.replace(/^src\//, "").replace(/\/$/, "");
}

/**
 * Without what follows from the rest: of a → b → c and a → c, the last one is left out.
 *
 * @param {ReadonlyMap<string, ReadonlySet<string>>} layers without a circle
 * @returns {[from: string, to: string][]} sorted
 */
export function shortestImports(layers) {
  const reached = (/** @type {string} */ from) => {
    const found = new Set([from]);
    for (const layer of found) {
      for (const to of layers.get(layer) ?? []) {
        found.add(to);
      }
    }
    return found;
  };
  return [...layers]
    .flatMap(([from, to]) => {
      const others = (/** @type {string} */ name) => [...to].filter((other) => other !== name);
      return [...to]
        .filter((name) => !others(name).some((other) => reached(other).has(name)))
        .map((name) => /** @type {[string, string]} */ ([from, name]));
    })
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));
}

/**
 * The picture, in Mermaid's language.
 *
 * @param {string} root the repository's folder
 */
export function picture(root) {
  const imports = layerImports(root);
  const names = new Set([...imports].flatMap(([from, to]) => [from, ...to]));
  const nodes = [...names].sort().map((name) => {
    const entry = ENTRIES.get(name);
    return entry ? `  ${idOf(name)}(["${name}<br/>${entry}"])` : `  ${idOf(name)}["${name}"]`;
  });
  const arrows = shortestImports(imports).map(([from, to]) => `  ${idOf(from)} --> ${idOf(to)}`);
  return ["```mermaid", "flowchart TD", ...nodes, ...arrows, "```"].join("\n");
}

// `end` is a word of Mermaid's, and points and hyphens are not for ids.
function idOf(/** @type {string} */ name) {
  return `L_${name.replace(/\W/g, "_")}`;
}

/**
 * The document with the picture of now.
 *
 * @param {string} root the repository's folder
 * @param {string} markdown the document as it is
 */
export function withPicture(root, markdown) {
  if (!PICTURE.test(markdown)) {
    throw new Error(`${DOCUMENT} has no block of Mermaid to draw into`);
  }
  return markdown.replace(PICTURE, () => picture(root));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url)).slice(0, -1);
  const path = join(root, DOCUMENT);
  writeFileSync(path, withPicture(root, readFileSync(path, "utf8")));
}
