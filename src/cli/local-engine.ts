import { homedir } from "node:os";
import { resolve } from "node:path";
import type { ProcessSpec } from "../index.js";
import { CliError } from "./failure.js";

/** An engine in this process, which runs processes on this machine. */
export interface LocalEngine {
  readonly connection: { readonly aiemUrl: string; readonly tokenProvider: string };
  readonly parent: string;
  close(): Promise<void>;
}

/** Starts the embedded engine, whose working directories are those of this machine. */
export async function startLocalEngine(): Promise<LocalEngine> {
  if (process.platform !== "linux") {
    throw new CliError(`--local works on Linux only, and this is ${process.platform}`);
  }
  // Only here: most commands need no engine, and would start more slowly with one.
  const { startStubServer } = await import("../stub/index.js");
  const name = "workspaces/default/sandboxEngines/local";
  return await startStubServer({ engines: [{ name, rootDirectory: "/" }] });
}

/** A command as it runs here: in the directory that we are in, and with our home. */
export function localSpec(spec: ProcessSpec): ProcessSpec {
  return {
    ...spec,
    workingDirectory: resolve(spec.workingDirectory ?? "."),
    environmentVariables: { HOME: homedir(), ...spec.environmentVariables },
  };
}
