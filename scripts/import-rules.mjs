import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { importedSpecifiers } from "./imported-specifiers.mjs";
import { filesUnder } from "./source-files.mjs";

/**
 * What each layer may import besides itself, as prefixes of paths in the repository. Imports point
 * one way, so that a layer can be read, tested and replaced without those above it; the stub stays
 * clear of the client, so that a fault of the one cannot hide in the other.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const allowedImports = {
  "src/gen.ts": ["gen/"],
  "src/model/": ["gen/", "src/gen.ts"],
  "src/errors/": ["gen/", "src/gen.ts", "src/model/", "src/async/with-frames.ts"],
  "src/async/": [],
  "src/diagnostics/": [],
  "src/rules/": ["gen/", "src/gen.ts", "src/model/", "src/errors/"],
  "src/contract/": ["gen/", "src/gen.ts"],
  "src/rest-rules/": ["gen/", "src/gen.ts"],
  "src/transport/": [
    "gen/",
    "src/gen.ts",
    "src/model/",
    "src/errors/",
    "src/async/",
    "src/diagnostics/",
    "src/rules/",
    "src/rest-rules/",
    "src/contract/",
  ],
  "src/auth/": [
    "src/contract/",
    "src/errors/",
    "src/async/",
    "src/diagnostics/",
    "src/rules/",
    "src/transport/aiem-url.ts",
    "src/transport/connection-config.ts",
    "src/transport/content-coding.ts",
    "src/transport/delay.ts",
    "src/transport/failures.ts",
    "src/transport/plaintext-guard.ts",
    "src/transport/proxy/environment-proxy.ts",
    "src/transport/socket/dial.ts",
    "src/model/version.ts",
  ],
  "src/call/": [
    "gen/",
    "src/gen.ts",
    "src/model/",
    "src/errors/",
    "src/async/",
    "src/diagnostics/",
    "src/transport/",
  ],
  "src/output/": [
    "gen/",
    "src/gen.ts",
    "src/model/",
    "src/errors/",
    "src/async/",
    "src/diagnostics/",
    "src/rules/",
    "src/transport/",
    "src/call/",
  ],
  "src/client/": [
    "gen/",
    "src/gen.ts",
    "src/model/",
    "src/errors/",
    "src/async/",
    "src/diagnostics/",
    "src/rules/",
    "src/transport/",
    "src/call/",
    "src/output/",
  ],
  "src/index.ts": [
    "src/model/",
    "src/errors/",
    "src/diagnostics/",
    "src/rules/",
    "src/transport/",
    "src/auth/",
    "src/call/",
    "src/output/",
    "src/client/",
  ],
  "src/otel/": ["src/diagnostics/", "src/model/"],
  "src/stub/": [
    "gen/",
    "src/gen.ts",
    "src/model/",
    "src/async/",
    "src/rules/",
    "src/rest-rules/",
    "src/contract/",
  ],
  "src/probe.ts": ["src/transport/"],
  "src/cli/": [
    "src/index.ts",
    "src/probe.ts",
    "src/stub/index.ts",
    "src/auth/settings.ts",
    "src/model/loopback.ts",
    "src/model/version.ts",
    "src/model/signals.ts",
    "src/rules/names.ts",
    "src/async/timer.ts",
  ],
};

/**
 * @typedef {object} Import
 * @property {string | undefined} specifier as written; undefined when it is computed
 * @property {string} target the file's path in the repository, or the package as written
 * @property {boolean} isFile
 */

/**
 * The breaches of the import rules in a repository, one sentence each; empty when all is well.
 *
 * @param {string} root the repository's folder
 * @returns {string[]}
 */
export function importViolations(root) {
  const graph = importGraph(root);
  return [
    ...[...graph].flatMap(([file, imports]) => imports.flatMap((to) => layerViolation(file, to))),
    ...childProcessViolations(graph),
    ...clientViolations(graph),
    ...peerViolations(graph),
  ];
}

/**
 * The rules for what is not there any more, one sentence each; empty when all is well. Such a rule
 * allows or refuses nothing, and reads as if it did.
 *
 * @param {string} root the repository's folder
 * @returns {string[]}
 */
export function rulesWithoutFiles(root) {
  const named = new Set(Object.entries(allowedImports).flatMap(([layer, to]) => [layer, ...to]));
  return [...named]
    .filter((path) => !existsSync(join(root, path)))
    .map((path) => `scripts/import-rules.mjs has a rule for ${path}, which does not exist`);
}

/**
 * @param {string} root
 * @returns {Map<string, Import[]>} what each source file imports
 */
export function importGraph(root) {
  return new Map(
    filesUnder(root, "src").map((file) => [
      file,
      importedSpecifiers(readFileSync(join(root, file), "utf8"), file).map((specifier) =>
        resolve(file, specifier),
      ),
    ]),
  );
}

/**
 * @param {string} file
 * @param {string | undefined} specifier
 * @returns {Import}
 */
function resolve(file, specifier) {
  if (specifier === undefined || !specifier.startsWith(".")) {
    return { specifier, target: specifier ?? "", isFile: false };
  }
  const path = posix.join(posix.dirname(file), specifier);
  const target = path.startsWith("src/") ? path.replace(/\.js$/, ".ts") : path;
  return { specifier, target, isFile: true };
}

/**
 * @param {string} file
 * @param {Import} imported
 * @returns {string[]}
 */
function layerViolation(file, { specifier, target, isFile }) {
  const [layer, allowed] =
    Object.entries(allowedImports).find(([prefix]) => file.startsWith(prefix)) ?? [];
  if (layer === undefined || allowed === undefined) {
    return [`${file} belongs to no layer: add its folder to scripts/import-rules.mjs`];
  }
  if (specifier === undefined) {
    return [`${file} has a computed import(), which no check can follow`];
  }
  if (specifier.split("/")[0] === "aiem-process-client") {
    return [`${file} imports its own package by name`];
  }
  const isAllowed = !isFile || [layer, ...allowed].some((prefix) => target.startsWith(prefix));
  return isAllowed ? [] : [`${file} must not import ${target}`];
}

/**
 * One file of the stub starts processes, and one of the command line, so that it is known who does and
 * who cleans up.
 *
 * @param {Map<string, Import[]>} graph
 * @returns {string[]}
 */
function childProcessViolations(graph) {
  const importers = [...graph].filter(([, imports]) =>
    imports.some(({ target }) => isChildProcess(target)),
  );
  const files = importers.map(([file]) => file);
  const of = (/** @type {string} */ folder) => files.filter((file) => file.startsWith(folder));
  const [stub, cli] = [of("src/stub/").length, of("src/cli/").length];
  if (stub === 1 && cli <= 1 && stub + cli === files.length) {
    return [];
  }
  return [
    `one file under src/stub, and one under src/cli at most, import node:child_process, not: ${files.join(", ") || "none"}`,
  ];
}

/**
 * @param {Map<string, Import[]>} graph
 * @returns {string[]}
 */
function clientViolations(graph) {
  const reached = new Set(["src/index.ts"]);
  for (const file of reached) {
    for (const { target } of graph.get(file) ?? []) {
      reached.add(target);
    }
  }
  return [...reached]
    .filter((to) => to.startsWith("src/stub/") || isChildProcess(to))
    .map((to) => `src/index.ts reaches ${to}, which users of the client would load`);
}

/**
 * An optional peer is not there for most users: only the entry that is for it may need it.
 *
 * @param {Map<string, Import[]>} graph
 * @returns {string[]}
 */
function peerViolations(graph) {
  return [...graph]
    .filter(([file]) => !file.startsWith("src/otel/"))
    .filter(([, imports]) => imports.some(({ target }) => target.startsWith("@opentelemetry/")))
    .map(([file]) => `${file} imports OpenTelemetry, which only src/otel may`);
}

/** @param {string} target */
function isChildProcess(target) {
  return /^(node:)?child_process$/.test(target);
}
