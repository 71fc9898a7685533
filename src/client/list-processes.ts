import { Code, ConnectError } from "@connectrpc/connect";
import type { ListProcessesResponse } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Process, ProcessState } from "../model/process.js";
import { processFromMessage } from "../model/process-message.js";
import { checkListAllOptions, checkListOptions } from "../rules/methods.js";
import { requireEngineName } from "../rules/names.js";
import type { CallOptions } from "./call-options.js";
import type { Rpc, RpcCall } from "./rpc.js";
import { callScope, unary } from "./unary.js";

/** Which processes to list: those in one state. */
export type ProcessFilter = `state = ${Exclude<ProcessState, "STATE_UNSPECIFIED">}`;

/** Options of `listAllProcesses`. */
export interface ListAllProcessesOptions extends CallOptions {
  /**
   * Which processes to list.
   * @default all
   */
  readonly filter?: ProcessFilter | undefined;
  /**
   * How many processes to ask for in one request; the server may send fewer.
   * @default 0, the server's choice
   */
  readonly pageSize?: number | undefined;
}

/** Options of `listProcesses`. */
export interface ListProcessesOptions extends ListAllProcessesOptions {
  /**
   * The `nextPageToken` of the page before, listed with the same filter.
   * @default the first page
   */
  readonly pageToken?: string | undefined;
}

/** One page of processes. */
export interface ProcessPage {
  /** The processes, in the server's order. */
  readonly processes: readonly Process[];
  /** What to pass as `pageToken` for the next page; undefined after the last one. */
  readonly nextPageToken: string | undefined;
}

/** See `ProcessClient.listProcesses`. */
export async function listProcesses(
  rpc: Rpc,
  parent: string,
  options: ListProcessesOptions,
): Promise<ProcessPage> {
  checkListOptions(options);
  const { pageSize = 0, pageToken = "", filter = "" } = options;
  requireEngineName("parent", parent);
  const call: RpcCall<ListProcessesResponse> = {
    method: "ListProcesses",
    resource: parent,
    send: (service, callOptions) =>
      service.listProcesses({ parent, pageSize, pageToken, filter }, callOptions),
  };
  const answer = await unary(rpc, call, options);
  return {
    processes: answer.processes.map(processFromMessage),
    nextPageToken: answer.nextPageToken === "" ? undefined : answer.nextPageToken,
  };
}

/** See `ProcessClient.listAllProcesses`. */
export async function* listAllProcesses(
  rpc: Rpc,
  parent: string,
  options: ListAllProcessesOptions,
): AsyncGenerator<Process, void, undefined> {
  requireEngineName("parent", parent);
  checkListAllOptions(options);
  const { signal, timeoutMs } = options;
  const once = timeoutMs === 0;
  const scope = callScope(rpc, `listing the processes of ${parent}`, {
    signal,
    timeoutMs: once ? undefined : timeoutMs,
  });
  const pageOptions = { ...options, signal: scope.signal, timeoutMs: once ? 0 : undefined };
  try {
    let pageToken: string | undefined;
    do {
      const page: ProcessPage = await listProcesses(rpc, parent, { ...pageOptions, pageToken });
      yield* page.processes;
      if (page.nextPageToken !== undefined && page.nextPageToken === pageToken) {
        const message = `the server answered the page ${pageToken} of ${parent} with the same page token`;
        throw new ConnectError(message, Code.Internal);
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  } finally {
    scope.release();
  }
}
