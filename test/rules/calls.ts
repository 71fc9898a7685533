import { PassThrough } from "node:stream";
import type { CallOptions, ProcessClient } from "../../src/index.js";

/** A method of the client, called with a resource name and options that all methods take. */
export interface Call {
  readonly title: string;
  run(client: ProcessClient, resource: string, options?: Options): Promise<unknown>;
}

/** Options that all methods take, and some of a single one. */
type Options = CallOptions & Readonly<Record<string, unknown>>;

const spec = { command: "true" };

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What asking for the first item of an iterable comes to. */
export function first(items: AsyncIterable<unknown>): Promise<unknown> {
  return items[Symbol.asyncIterator]().next();
}

/** The methods that take an engine's name, as `parent`. */
export const ENGINE_CALLS: readonly Call[] = [
  { title: "createProcess", run: (c, parent, o) => c.createProcess(parent, spec, o) },
  { title: "listProcesses", run: (c, parent, o) => c.listProcesses(parent, o) },
  { title: "listAllProcesses", run: (c, parent, o) => first(c.listAllProcesses(parent, o)) },
  { title: "runProcess", run: (c, parent, o) => c.runProcess(parent, spec, o) },
];

/** The methods that take a process's name, as `name`, and `timeoutMs`. */
export const TIMED_PROCESS_CALLS: readonly Call[] = [
  { title: "getProcess", run: (c, name, o) => c.getProcess(name, o) },
  { title: "startProcess", run: (c, name, o) => c.startProcess(name, o) },
  { title: "sendSignal", run: (c, name, o) => c.sendSignal(name, "SIGTERM", o) },
  { title: "readOutput", run: (c, name, o) => c.readOutput(name, o) },
  { title: "readOutputFrames", run: (c, name, o) => c.readOutputFrames(name, o) },
  { title: "streamOutput", run: (c, name, o) => first(c.streamOutput(name, o)) },
  { title: "streamLines", run: (c, name, o) => first(c.streamLines(name, o)) },
  {
    title: "pipeOutput",
    // Only of an object there is a copy that is as good, or as bad.
    run: (c, name, o = {}) =>
      c.pipeOutput(name, isObject(o) ? { ...o, stdout: new PassThrough() } : o),
  },
  { title: "waitForLine", run: (c, name, o) => c.waitForLine(name, /x/, o) },
  { title: "waitProcess", run: (c, name, o) => c.waitProcess(name, o) },
  { title: "terminateProcess", run: (c, name, o) => c.terminateProcess(name, o) },
  { title: "process().get", run: (c, name, o) => c.process(name).get(o) },
];

/** The methods that take a process's name. */
export const PROCESS_CALLS: readonly Call[] = [
  ...TIMED_PROCESS_CALLS,
  { title: "waitProcessByPolling", run: (c, name, o) => c.waitProcessByPolling(name, o) },
];

/** An engine's name. */
export const ENGINE = "workspaces/w/sandboxEngines/e";

/** A process's name. */
export const PROCESS = `${ENGINE}/processes/p`;

/** All methods, each called with a good resource name. */
export const CALLS: readonly (readonly [
  title: string,
  run: (client: ProcessClient, options?: Options) => Promise<unknown>,
])[] = [
  ...ENGINE_CALLS.map(({ title, run }) => [title, bound(run, ENGINE)] as const),
  ...PROCESS_CALLS.map(({ title, run }) => [title, bound(run, PROCESS)] as const),
];

function bound(run: Call["run"], resource: string) {
  return (client: ProcessClient, options?: Options) => run(client, resource, options);
}
