import { describe, expect, it } from "vitest";
import { readText } from "./documents.js";
import { tableRows } from "./markdown.js";

const rows = tableRows(readText("docs/observability.md")).map(([cell = ""]) => cell);

/** What a source file names by a pattern. */
function named(file: string, pattern: RegExp): string[] {
  return [...readText(file).matchAll(pattern)].map(([, name = ""]) => name);
}

describe("docs/observability.md", () => {
  it.each([
    ["metric", "src/otel/instruments.ts", /\.create\w+\("([\w.]+)"/g],
    ["channel", "src/diagnostics/channels.ts", /: "(aiem-process-client:\w+)"/g],
    ["option", "src/otel/instrumentation.ts", /^ {2}readonly (\w+)\?: .* \| undefined;$/gm],
    ["attribute", "src/otel/attributes.ts", /= "([a-z]+(?:\.[a-z_]+)+)"/g],
  ])("has every %s", (_title, file, pattern) => {
    const names = named(file, pattern);
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !rows.some((row) => row.includes(name)))).toEqual([]);
  });
});
