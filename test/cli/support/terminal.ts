import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, onTestFinished } from "vitest";
import { cleanEnvironment } from "./cli.js";

const python = spawnSync("python3", ["-c", "import os, pty; os.waitstatus_to_exitcode"]);

/** Whether there is a Python, whose `pty` makes terminals; Node.js makes none. */
export const hasTerminals = python.status === 0;

if (!hasTerminals) {
  console.warn("SKIPPED: what depends on a terminal, since there is no Python 3.9 or later");
}

/** The command line on a terminal of 100 columns. */
export interface Terminal {
  /** All that was written to the terminal so far. */
  readonly written: string;
  /** The lines that are seen, without what was written over. */
  readonly screen: readonly string[];
  /** Types, such as `\u0003` for Ctrl-C. */
  type(text: string): void;
  /** Resolves when the screen shows something. */
  shows(text: RegExp): Promise<void>;
  /** The exit code, when it has ended. */
  readonly ended: Promise<number>;
}

/** Starts the real program on a terminal. */
export function openTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Terminal {
  const home = mkdtempSync(join(tmpdir(), "aiem-home-"));
  const script = fileURLToPath(new URL("terminal.py", import.meta.url));
  const child = spawn("python3", [script, process.execPath, inject("cli"), ...args], {
    cwd: home,
    env: { ...cleanEnvironment(home), TERM: "xterm-256color", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });
  const terminal = {
    written: "",
    get screen() {
      return screenOf(terminal.written);
    },
    type: (text: string) => void child.stdin.write(text),
    shows: (text: RegExp) => expect.poll(() => terminal.screen.join("\n")).toMatch(text),
    ended: once(child, "close").then(([code]) => Number(code)),
  };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    terminal.written += text;
  });
  return terminal;
}

/** What a terminal shows of what was written to it: as far as it is used here. */
function screenOf(written: string): string[] {
  const lines = [""];
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals are told
  for (const [token] of written.matchAll(/\u001b\[[\d;]*[A-Za-z]|[\s\S]/gu)) {
    const line = lines.at(-1) ?? "";
    if (token === "\n") {
      lines.push("");
      column = 0;
    } else if (token === "\r") {
      column = 0;
    } else if (token === "\u001b[K") {
      lines[lines.length - 1] = line.slice(0, column);
    } else if (!token.startsWith("\u001b")) {
      lines[lines.length - 1] = line.slice(0, column) + token + line.slice(column + 1);
      column += 1;
    }
  }
  return lines;
}
