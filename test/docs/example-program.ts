import type { UserDocument } from "./documents.js";
import { type CodeBlock, codeBlocks } from "./markdown.js";

/** An example of a document, as a program of its own. */
export interface ExampleProgram {
  /** Where it stands, such as `docs/stub.md:12`. */
  readonly place: string;
  /** The name of the program's file, without an extension. */
  readonly file: string;
  readonly source: string;
  /** What it must print; undefined where the document does not tell. */
  readonly prints: string | undefined;
}

const IMPORTS = /^(?:import [\s\S]*?;\n)*/;

/** The TypeScript examples of a document, without those that test runners run. */
export function examplePrograms({ path, markdown }: UserDocument): ExampleProgram[] {
  return codeBlocks(markdown)
    .filter(({ language, shows }) => language === "ts" && shows === undefined)
    .map((block) => ({
      place: `${path}:${block.line}`,
      file: `${path.replace(/\.md$/, "").replaceAll("/", "-")}-${block.line}`,
      source: isWhole(block) ? block.code : completed(block.code),
      prints: block.prints,
    }));
}

/** Whether a block works as pasted: it starts an engine by itself. */
function isWhole({ code }: CodeBlock): boolean {
  return code.includes('from "aiem-process-client/stub"');
}

/**
 * A fragment, with the names that the documents say are there (stub, client, parent, and name), and
 * with the environment that `aiem-process serve` gives.
 */
function completed(fragment: string): string {
  const imports = IMPORTS.exec(fragment)?.[0] ?? "";
  return `${imports}
import { ProcessClient as $ProcessClient } from "aiem-process-client";
import { startStubServer as $startStubServer } from "aiem-process-client/stub";

const stub = await $startStubServer({
  engines: [
    "workspaces/default/sandboxEngines/local",
    "workspaces/my-workspace/sandboxEngines/my-engine",
  ],
});
const client = new $ProcessClient(stub.connection);
const { parent } = stub;
for (const name of Object.keys(process.env)) {
  if (/^(AIEM|H2O)/.test(name)) delete process.env[name];
}
Object.assign(process.env, {
  AIEM_URL: stub.url,
  AIEM_TOKEN: stub.token,
  AIEM_PARENT: parent,
  H2O_CLOUD_ENVIRONMENT: stub.url,
  H2O_CLOUD_CLIENT_PLATFORM_TOKEN: stub.platform.refreshToken,
});
const { name } = await client.createProcess(
  parent,
  { command: "sh", args: ["-c", "echo one; echo two >&2; sleep 0.1; echo three; exit 3"] },
  { autoRun: true },
);
try {
${fragment.slice(imports.length)}
} finally {
  client.close();
  await stub.close();
}
`;
}
