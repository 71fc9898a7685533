import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { transformSync } from "rolldown/utils";
import type { UserDocument } from "./documents.js";
import { codeBlocks } from "./markdown.js";

/** An example as somebody pastes it. */
export interface PastedExample {
  /** Where it stands, such as `docs/stub.md:12`. */
  readonly place: string;
  /** JavaScript: the example without its types, and otherwise as it is written. */
  readonly code: string;
}

const PARSER = fileURLToPath(new URL("parse-modules.mjs", import.meta.url));

/** The examples of a document in TypeScript and JavaScript. */
export function pastedExamples({ path, markdown }: UserDocument): PastedExample[] {
  return codeBlocks(markdown)
    .filter(({ language }) => language === "ts" || language === "js")
    .map(({ code, line }) => ({ place: `${path}:${line}`, code: withoutTypes(code) }));
}

/** No syntax is lowered: what only a newer Node.js can parse stays. */
function withoutTypes(code: string): string {
  const result = transformSync("example.ts", code, {
    sourceType: "module",
    target: "esnext",
    typescript: { onlyRemoveTypeImports: true },
  });
  if (result.errors.length > 0) {
    throw new Error(`not TypeScript: ${result.errors.map(({ message }) => message).join("; ")}`);
  }
  return result.code;
}

/** What a Node.js cannot parse, one line each: the place, and what it says. */
export function syntaxErrors(node: string, examples: readonly PastedExample[]): unknown {
  const { status, error, stdout, stderr } = spawnSync(
    node,
    ["--experimental-vm-modules", "--no-warnings", PARSER],
    { input: JSON.stringify(examples), encoding: "utf8", timeout: 25_000 },
  );
  if (status !== 0) {
    throw new Error(`the parser ended with ${status}: ${error?.message ?? stderr}`);
  }
  return JSON.parse(stdout);
}
