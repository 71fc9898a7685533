import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", ["json", { outputFile: "node_modules/.vitest/report.json" }]],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
