import type { CallOptions, ProcessClient, ProcessSpec } from "../../../src/index.js";
import { collect } from "../../support/collect.js";

/** What the calls are made to. */
export interface Subject {
  readonly client: ProcessClient;
  readonly parent: string;
  /** What to create, and to run. */
  readonly spec: ProcessSpec;
  /** The process to start. */
  readonly pending: string;
  /** The process for everything else. */
  readonly started: string;
}

/** One method of the client. */
export interface EveryCall {
  readonly method: string;
  /** Whether it goes on for as long as the process runs. */
  readonly long: boolean;
  call(subject: Subject, options: CallOptions): Promise<unknown>;
}

/** Every method of the client that takes options. */
export const EVERY_CALL: readonly EveryCall[] = [
  short("createProcess", ({ client, parent, spec }, o) => client.createProcess(parent, spec, o)),
  short("startProcess", ({ client, pending }, o) => client.startProcess(pending, o)),
  short("getProcess", ({ client, started }, o) => client.getProcess(started, o)),
  short("listProcesses", ({ client, parent }, o) => client.listProcesses(parent, o)),
  short("listAllProcesses", ({ client, parent }, o) => collect(client.listAllProcesses(parent, o))),
  short("sendSignal", ({ client, started }, o) => client.sendSignal(started, "SIGTERM", o)),
  short("readOutput", ({ client, started }, o) => client.readOutput(started, o)),
  short("readOutputFrames", ({ client, started }, o) => client.readOutputFrames(started, o)),
  long("streamOutput", ({ client, started }, o) => collect(client.streamOutput(started, o))),
  long("streamLines", ({ client, started }, o) => collect(client.streamLines(started, o))),
  long("waitForLine", ({ client, started }, o) => client.waitForLine(started, /never/, o)),
  long("pipeOutput", ({ client, started }, o) => client.pipeOutput(started, o)),
  long("waitProcess", ({ client, started }, o) => client.waitProcess(started, o)),
  long("waitProcessByPolling", ({ client, started }, o) => {
    return client.waitProcessByPolling(started, { signal: o.signal, headers: o.headers });
  }),
  long("runProcess", ({ client, parent, spec }, o) => client.runProcess(parent, spec, o)),
  long("terminateProcess", ({ client, started }, o) => client.terminateProcess(started, o)),
];

function short(method: string, call: EveryCall["call"]): EveryCall {
  return { method, long: false, call };
}

function long(method: string, call: EveryCall["call"]): EveryCall {
  return { method, long: true, call };
}
