import { parseAst } from "rolldown/parseAst";

/**
 * What a TypeScript file imports, types included: `import`, `export … from`, `import()`,
 * `import("…").Type` and `import x = require("…")`. A computed `import()` gives `undefined`,
 * because nobody can tell where it points.
 *
 * @param {string} source
 * @param {string} path only for the parser's error messages
 * @returns {(string | undefined)[]}
 */
export function importedSpecifiers(source, path) {
  /** @type {(string | undefined)[]} */
  const specifiers = [];
  visit(parseAst(source, { lang: "ts" }, path), (node) => {
    const target = importTarget(node);
    if (target !== undefined && target !== null) {
      specifiers.push(literal(target));
    }
  });
  return specifiers;
}

/** @param {Record<string, unknown>} node */
function importTarget(node) {
  switch (node["type"]) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return node["source"];
    case "TSExternalModuleReference":
      return node["expression"];
    default:
      return undefined;
  }
}

/** @param {unknown} node */
function literal(node) {
  const value = isNode(node) ? node["value"] : undefined;
  return typeof value === "string" ? value : undefined;
}

/**
 * @param {unknown} node
 * @param {(node: Record<string, unknown>) => void} enter
 */
function visit(node, enter) {
  if (Array.isArray(node)) {
    for (const item of node) {
      visit(item, enter);
    }
  } else if (isNode(node)) {
    enter(node);
    for (const child of Object.values(node)) {
      visit(child, enter);
    }
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isNode(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
