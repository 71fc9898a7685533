import { setMaxListeners } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, expect } from "vitest";
import {
  OutputStream,
  type Process,
  ProcessSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { EngineProcess } from "../../../src/stub/engine/engine-process.js";
import { Engines, type EnginesOptions } from "../../../src/stub/engine/engines.js";
import type { OutputChunk } from "../../../src/stub/engine/process-output.js";
import type { SandboxEngine } from "../../../src/stub/engine/sandbox-engine.js";

export const ENGINE = "workspaces/w/sandboxEngines/e";
export const NO_LIMIT = 64 * 1024 * 1024;
/** A signal that nothing aborts. */
export const NEVER: AbortSignal = new AbortController().signal;
// Tests wait for many processes at once.
setMaxListeners(0, NEVER);

const opened: Engines[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engines) => engines.close()));
});

/** Engines that are closed after the test. */
export function makeEngines(options: Partial<EnginesOptions> = {}): Engines {
  const engines = new Engines({ defaultCreator: "me", ...options });
  opened.push(engines);
  return engines;
}

/** One engine that is closed after the test. */
export function makeEngine(options: Partial<EnginesOptions> = {}): SandboxEngine {
  return makeEngines(options).create(ENGINE);
}

export type Spec = MessageInitShape<typeof ProcessSchema>;

export function spec(init: Spec): Process {
  return create(ProcessSchema, init);
}

/** What runs a fixture of test/fixtures, by its file extension: node or sh. */
export function fixture(file: string, ...args: string[]): { command: string; args: string[] } {
  const path = fileURLToPath(new URL(`../../fixtures/${file}`, import.meta.url));
  return { command: file.endsWith(".sh") ? "sh" : process.execPath, args: [path, ...args] };
}

export function sh(script: string): { command: string; args: string[] } {
  return { command: "sh", args: ["-c", script] };
}

export function createPending(engine: SandboxEngine, init: Spec): Promise<EngineProcess> {
  return engine.createProcess(spec(init), { processId: "", autoRun: false });
}

export function startNow(engine: SandboxEngine, init: Spec): Promise<EngineProcess> {
  return engine.createProcess(spec(init), { processId: "", autoRun: true });
}

/** Runs a process to its end. */
export async function runToEnd(engine: SandboxEngine, init: Spec): Promise<EngineProcess> {
  const process = await startNow(engine, init);
  await process.finished(NEVER);
  return process;
}

export async function stdoutText(process: EngineProcess): Promise<string> {
  return text(await process.readOutput(OutputStream.STDOUT, NO_LIMIT));
}

export async function stderrText(process: EngineProcess): Promise<string> {
  return text(await process.readOutput(OutputStream.STDERR, NO_LIMIT));
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

/** Resolves when the process has written at least this text to standard output. */
export async function untilStdout(process: EngineProcess, expected: string): Promise<void> {
  let seen = "";
  for await (const { stream, data } of process.follow({ skipReplay: false, signal: NEVER })) {
    if (stream === OutputStream.STDOUT) {
      seen += text(data);
    }
    if (seen.includes(expected)) {
      return;
    }
  }
  throw new Error(`the process ended after ${JSON.stringify(seen)}`);
}

/** Everything that a follower sees, from the first byte on. */
export async function followAll(process: EngineProcess): Promise<OutputChunk[]> {
  const chunks: OutputChunk[] = [];
  for await (const chunk of process.follow({ skipReplay: false, signal: NEVER })) {
    chunks.push(chunk);
  }
  return chunks;
}

/** Resolves when the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 20_000, interval: 5 }).toBe(true);
}

/** The code of the refusal, and its message; fails where nothing is refused. */
export async function refusal(act: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof ConnectError)) {
      throw error;
    }
    return { code: Code[error.code], message: error.rawMessage };
  }
  throw new Error("nothing was refused");
}

/** Whether the process is there and not just a zombie that nobody has reaped yet. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readProc(pid));
  } catch {
    return false;
  }
}

function readProc(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, "latin1");
}

/** How many file descriptors this program has open. */
export function openFiles(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Whether there is something at this path. */
export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
