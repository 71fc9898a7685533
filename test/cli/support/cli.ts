import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { inject, onTestFinished } from "vitest";
import type { StubServer } from "../../../src/stub/index.js";

/** Where and how a command line runs. */
export interface CliOptions {
  /** Besides PATH and a home without anything in it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether nobody reads its stdout, from the start. */
  readonly closedStdout?: boolean;
}

/** A command line that runs; it is killed when its test is over. */
export type RunningCli = ChildProcessByStdio<null, Readable, Readable>;

/** What a command line did. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment in which a stub is the AIEM that is configured. */
export function stubEnvironment(stub: Pick<StubServer, "url" | "token" | "parent">) {
  return { AIEM_URL: stub.url, AIEM_TOKEN: stub.token, AIEM_PARENT: stub.parent };
}

/** Nothing of the machine's own settings: no AIEM is configured, no proxy, no colours. */
export function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home };
}

/** Starts the real program. */
export function spawnCli(args: readonly string[], { env, cwd }: CliOptions = {}): RunningCli {
  const home = mkdtempSync(join(tmpdir(), "aiem-home-"));
  const child = spawn(process.execPath, [inject("cli"), ...args], {
    cwd: cwd ?? home,
    env: { ...cleanEnvironment(home), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });
  return child;
}

/** The end of a command line, and what it wrote until then. */
export async function resultOf(child: RunningCli): Promise<CliResult> {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    child.stdout.destroyed ? Buffer.of() : buffer(child.stdout),
    buffer(child.stderr),
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** Runs the real program to its end. */
export function cli(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  const child = spawnCli(args, options);
  if (options?.closedStdout) {
    child.stdout.destroy();
  }
  return resultOf(child);
}
