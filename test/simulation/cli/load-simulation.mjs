import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Loads the simulation, which Node cannot read by itself, being TypeScript.
 *
 * @returns {Promise<{ simulate: typeof import("../simulate.js").simulate, close: () => Promise<void> }>}
 */
export async function loadSimulation() {
  const server = await createViteServer({
    root,
    configFile: false,
    appType: "custom",
    logLevel: "error",
    server: { middlewareMode: true, ws: false, hmr: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  const { simulate } = await server.ssrLoadModule("/test/simulation/simulate.ts");
  return { simulate, close: () => server.close() };
}
