import { readFileSync } from "node:fs";

import { type NodeHandler, requestPath } from "./node-handler.js";

/** Answers `GET /version` with `{"version": "…"}`, without asking for a token, as AIEM does. */
export function createVersionHandler(version: string): NodeHandler {
  return (request, response) => {
    if (request.method !== "GET" || requestPath(request) !== "/version") {
      return false;
    }
    request.resume();
    response.statusCode = 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ version }));
    return true;
  };
}

/** The version of this package. */
export function readPackageVersion(): string {
  // Three folders up is the package's root from src/ and from dist/ alike.
  const file = new URL("../../../package.json", import.meta.url);
  const manifest: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) {
    return String(manifest.version);
  }
  throw new Error(`${file.pathname} names no version`);
}
