import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { codeBlocks } from "../../docs/markdown.js";
import { madeOnce } from "../../support/made-once.js";
import { root, run } from "../../support/run-tool.js";

/** The examples of one language, which are a folder with a README. */
export interface Examples {
  /** The folder's name in `examples`. */
  readonly language: string;
  /** The lines of the README's last block of commands. */
  readonly programs: readonly ExampleProgram[];
  /** The lines in its blocks of `bash` that begin with `npx aiem-process serve`. */
  readonly tests: readonly ExampleTests[];
  readonly prepared: Prepared;
}

/** A program of the examples. */
export interface ExampleProgram {
  readonly command: string;
  /** The last line that it prints, which stands as a comment behind the command. */
  readonly lastLine: string;
}

/** A run of the tests of examples. */
export interface ExampleTests {
  readonly command: string;
  /** What its output tells, which stands as a comment behind the command. */
  readonly tells: string;
}

/** Where the examples are ready to run; or what is missing here; or what is wrong with them. */
export type Prepared =
  | { readonly folder: string }
  | { readonly missing: string }
  | { readonly broken: string };

/** What a language's examples need of the machine. */
interface Needs {
  /** Commands that succeed where the toolchain is there and new enough, by what they look for. */
  readonly tools: Readonly<Record<string, string>>;
  /** Succeeds where the packages can be downloaded: what fails after that is the examples' fault. */
  readonly download?: string;
}

/** What the commands of the READMEs read besides their own folder. */
const SHARED = ["proto", "third_party", "buf.yaml", "package.json"];

const NEEDS: Readonly<Record<string, Needs>> = {
  curl: { tools: { curl: "curl --version", jq: "jq --version" } },
  go: { tools: { Go: "go version" }, download: "go mod download" },
  python: {
    tools: {
      "Python 3.11 or later": `python3 -c "import sys; assert sys.version_info >= (3, 11)"`,
    },
    download: "python3 -m pip download --quiet --retries 1 --dest .wheels -r requirements.txt",
  },
  grpcurl: { tools: { jq: "jq --version", Go: "go version" }, download: "go mod download" },
  java: { tools: { Maven: "mvn --version" }, download: "mvn --quiet dependency:resolve" },
};

declare module "vitest" {
  interface ProvidedContext {
    examples: readonly Examples[];
  }
}

const cache = join(root, "node_modules/.cache/aiem-process-client/examples");

/** Prepares the examples once for all tests; names those that cannot be, and lets them be. */
export function setup(project: TestProject): void {
  const examples = readdirSync(join(root, "examples"))
    .filter((language) => existsSync(join(root, "examples", language, "README.md")))
    .map(read);
  for (const { language, prepared } of examples) {
    if ("missing" in prepared) {
      console.warn(`\n!!! SKIPPED: examples/${language} is not tested: ${prepared.missing}\n`);
    }
  }
  project.provide("examples", examples);
}

function read(language: string): Examples {
  const readme = readFileSync(join(root, "examples", language, "README.md"), "utf8");
  const blocks = codeBlocks(readme).filter(({ language }) => language === "sh");
  const programs = blocks.pop()?.code ?? "";
  const tests = codeBlocks(readme).filter(({ language }) => language === "bash");
  return {
    language,
    programs: commented(programs).map(([command, lastLine]) => ({ command, lastLine })),
    tests: tests
      .flatMap(({ code }) => commented(code))
      .filter(([command]) => command.startsWith("npx aiem-process serve "))
      .map(([command, tells]) => ({ command, tells })),
    prepared: prepare(
      language,
      blocks.map(({ code }) => code),
    ),
  };
}

/** Lines of commands, and the comments behind them. */
function commented(code: string): [command: string, comment: string][] {
  return code
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [command = "", comment = ""] = line.split(/\s+# /);
      return [command, comment];
    });
}

/** Runs the blocks of commands before the last one, in a copy of what is committed. */
function prepare(language: string, commands: readonly string[]): Prepared {
  const { tools, download }: Needs = NEEDS[language] ?? { tools: {} };
  for (const [tool, probe] of Object.entries(tools)) {
    if (!succeeds(probe, root)) {
      return { missing: `there is no ${tool} in PATH` };
    }
  }
  // Without what somebody has made there by following the README.
  const listed = ["--cached", "--others", "--exclude-standard", "--deduplicate"];
  const files = run("git", ["ls-files", ...listed, `examples/${language}`, ...SHARED])
    .trimEnd()
    .split("\n")
    .filter((file) => existsSync(join(root, file)));
  const made = join(cache, `${language}-${keyOf(files)}`);
  const folder = join("examples", language);
  let downloaded = false;
  try {
    madeOnce(made, (making) => {
      for (const file of files) {
        cpSync(join(root, file), join(making, file));
      }
      // Where npx looks, from the folder of package.json.
      symlinkSync(join(root, "node_modules"), join(making, "node_modules"));
      const cwd = join(making, folder);
      if (download !== undefined) {
        run("bash", ["-euc", download], { cwd });
      }
      downloaded = true;
      for (const command of commands) {
        run("bash", ["-euc", command], { cwd });
      }
    });
    return { folder: join(made, folder) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // The last line tells what was missing; those before it are progress, and the user's own index.
    return downloaded ? { broken: reason } : { missing: reason.split("\n").at(-1) ?? "" };
  }
}

function succeeds(command: string, cwd: string): boolean {
  try {
    run("bash", ["-euc", command], { cwd });
    return true;
  } catch {
    return false;
  }
}

function keyOf(files: readonly string[]): string {
  const key = createHash("sha256");
  for (const file of files) {
    key.update(file).update(readFileSync(join(root, file)));
  }
  return key.digest("hex").slice(0, 16);
}
