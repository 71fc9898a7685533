import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toolEnvironment } from "../tool-environment.mjs";

/** @typedef {{ name: string, in: string, description: string }} Parameter */
/**
 * @typedef {object} Operation
 * @property {string} operationId
 * @property {Parameter[]} parameters
 * @property {Record<string, { description: string }>} responses
 */
/**
 * @typedef {object} Document
 * @property {Record<string, unknown>} info
 * @property {Record<string, Record<string, Operation>>} paths
 * @property {{ schemas: Record<string, { properties: Record<string, Record<string, unknown>> }> }} components
 */

const root = fileURLToPath(new URL("../..", import.meta.url));
const PACKAGE = "ai.h2o.engine.sandbox.v1";
const GENERATED = "ai/h2o/engine/sandbox/v1/process_service.openapi.json";
// What the plugin calls after the field of the request that all of them are parts of.
/** @type {Record<string, string>} */
const RESOURCE_IDS = {
  workspaces: "workspace",
  sandboxEngines: "sandboxEngine",
  processes: "process",
};

/**
 * The OpenAPI document of the contract's REST surface, as text. Needs Go, and the first time the
 * module proxy.
 *
 * @returns {string}
 */
export function openApi() {
  const folder = mkdtempSync(join(tmpdir(), "aiem-openapi-"));
  try {
    const plugin = { local: ["go", "-C", "scripts/openapi", "tool", "protoc-gen-openapiv3"] };
    const template = { version: "v2", plugins: [{ ...plugin, out: folder }] };
    execFileSync("buf", ["generate", "proto", "--template", JSON.stringify(template)], {
      cwd: root,
      env: toolEnvironment,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const generated = JSON.parse(readFileSync(join(folder, GENERATED), "utf8"));
    return `${JSON.stringify(finish(generated), undefined, 2)}\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Says what the plugin can only be told by options in the contract, whose file every user of it
 * would then need, and what it gets wrong.
 *
 * @param {Document} generated
 */
function finish(generated) {
  const { components, paths, ...document } = generated;
  // It names the document after the file, and gives each one version 1.0.0.
  document.info = {
    title: `${PACKAGE}.ProcessService`,
    version: "v1",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  };
  const process = components.schemas[`${PACKAGE}.Process`];
  if (process?.properties["name"] === undefined) {
    throw new Error("the plugin made no schema of a process with a name");
  }
  // It knows OUTPUT_ONLY, but not IDENTIFIER (AIP-203).
  process.properties["name"]["readOnly"] = true;
  return {
    ...document,
    security: [{ bearer: [] }],
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, methods]) => [
        path.replace(/(\w+)\/\{\w+\}/g, (_, collection) => `${collection}/{${idOf(collection)}}`),
        Object.fromEntries(
          Object.entries(methods).map(([method, operation]) => [
            method,
            finishOperation(path, operation),
          ]),
        ),
      ]),
    ),
    components: { ...components, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  };
}

/**
 * @param {string} path
 * @param {Operation} operation
 */
function finishOperation(path, operation) {
  for (const [, collection = "", name] of path.matchAll(/(\w+)\/\{(\w+)\}/g)) {
    const parameter = operation.parameters.find((one) => one.in === "path" && one.name === name);
    if (parameter === undefined) {
      throw new Error(`the plugin made no parameter of ${name} in ${path}`);
    }
    // It calls the ids `name`, `name_1` and `name_2`, and describes each as the whole name: who
    // follows that sends a name where an id belongs.
    parameter.name = idOf(collection);
    parameter.description = `The segment of the resource name after \`${collection}/\`.`;
  }
  const answer = operation.responses["200"];
  if (answer?.description.endsWith("(streaming responses)")) {
    // Its schema is that of one line, as if there were only one.
    answer.description =
      "One JSON object a line, each as in this schema, until the stream ends: a `result`, or as the last an `error`.";
  }
  return operation;
}

/** @param {string} collection */
function idOf(collection) {
  const id = RESOURCE_IDS[collection];
  if (id === undefined) {
    throw new Error(`no name is known for the ids of ${collection}`);
  }
  return id;
}
