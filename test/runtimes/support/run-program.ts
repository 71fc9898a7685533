import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { endOf, type ProgramRun, runToEnd } from "../../support/run-to-end.js";

/** A program of `test/runtimes/programs`, and what runs it. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** A folder in which the package is installed. */
  readonly cwd: string;
}

/** Runs a program to its end, or to `maxMs`. */
export function runProgram(
  { command, args, cwd }: Program,
  input: object,
  maxMs: number,
): Promise<ProgramRun> {
  return runToEnd(command, [...args, JSON.stringify(input)], { cwd, maxMs });
}

/** A program that runs. */
export interface StartedProgram {
  /** What it has said. */
  readonly told: Readonly<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Starts a program that says where it is in a line of JSON, and ends with its input. */
export async function startProgram(
  { command, args, cwd }: Program,
  input: object,
): Promise<StartedProgram> {
  const child = spawn(command, [...args, JSON.stringify(input)], {
    cwd,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = endOf(child);
  const first = await Promise.race([
    once(createInterface(child.stdout), "line").then(([line]) => String(line)),
    ended.then((code) => Promise.reject(new Error(`the server ended with ${code}`))),
  ]);
  return {
    told: JSON.parse(first),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
