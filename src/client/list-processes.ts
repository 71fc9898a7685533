import { Code, ConnectError } from "@connectrpc/connect";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Limit } from "../async/limit.js";
import { Pull } from "../async/pull.js";
import { processesOf } from "../call/answer.js";
import { callLimit } from "../call/call-limit.js";
import type { CallOptions } from "../call/call-options.js";
import { attempts, type Call, type Caller, patienceOf, run } from "../call/run.js";
import { TracedLoop } from "../call/traced-loop.js";
import { shownValue } from "../errors/invalid-input-error.js";
import { errorOf } from "../errors/outcome.js";
import type { Process, ProcessState } from "../model/process.js";
import { checkListAllOptions, checkListOptions } from "../rules/methods.js";
import { requireEngineName } from "../rules/names.js";

const METHOD = ProcessService.method.listProcesses;
// A page may be empty where a server filters what it has read (AIP-158).
const MOST_EMPTY_PAGES = 1_000;

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

/**
 * See `ProcessClient.listProcesses`.
 *
 * @internal
 */
export async function listProcesses(
  caller: Caller,
  parent: string,
  options: ListProcessesOptions,
): Promise<ProcessPage> {
  requireEngineName("parent", parent);
  checkListOptions(options);
  return await run(caller, listCall(parent, options), options);
}

function listCall(parent: string, options: ListProcessesOptions): Call<ProcessPage> {
  const { pageSize = 0, pageToken = "", filter = "", headers } = options;
  const request = { parent, pageSize, pageToken, filter };
  return {
    method: METHOD,
    resource: parent,
    headers,
    send: async (wire, attempt) => {
      const answer = await wire.unary(METHOD, request, attempt);
      if (!answer.ok) {
        return answer;
      }
      const read = processesOf(answer.value.processes, parent);
      const nextPageToken = answer.value.nextPageToken || undefined;
      return read.ok ? { ok: true, value: { processes: read.value, nextPageToken } } : read;
    },
  };
}

/**
 * See `ProcessClient.listAllProcesses`.
 *
 * @internal
 */
export function listAllProcesses(
  caller: Caller,
  parent: string,
  options: ListAllProcessesOptions,
): AsyncIterableIterator<Process, void, undefined> {
  let limit: Limit | undefined;
  let pageToken: string | undefined;
  const seenTokens = new Set<string>();
  let emptyPages = 0;
  let page: readonly Process[] = [];
  let at = 0;
  let isLast = false;
  const trace = new TracedLoop(caller, {
    method: METHOD,
    resource: parent,
    limit: () => limit,
    more: async () => {
      limit ??= callLimit(caller.life, `listing the processes of ${parent}`, options);
      limit.throwIfEnded();
      if (isLast) {
        return false;
      }
      const call = { ...listCall(parent, { ...options, pageToken }), traced: trace.message };
      const outcome = await attempts(caller, call, limit, patienceOf(caller, limit));
      if (!outcome.ok) {
        throw errorOf(outcome.failure, METHOD.name, parent);
      }
      const { processes, nextPageToken } = outcome.value;
      emptyPages = processes.length === 0 ? emptyPages + 1 : 0;
      if (nextPageToken !== undefined) {
        checkProgress(nextPageToken);
        seenTokens.add(nextPageToken);
      }
      page = processes;
      at = 0;
      pageToken = nextPageToken;
      isLast = nextPageToken === undefined;
      return true;
    },
  });
  return new Pull<Process>({
    take: () => (limit?.isEnded ? undefined : page[at++]),
    more: async () => {
      // Before anything is told.
      check();
      return await trace.more();
    },
    close: (why) => {
      limit?.end(why);
      trace.close();
    },
  });

  function checkProgress(nextPageToken: string): void {
    const why = seenTokens.has(nextPageToken)
      ? `the page token ${shownValue(nextPageToken)} came a second time`
      : emptyPages > MOST_EMPTY_PAGES
        ? `more than ${MOST_EMPTY_PAGES} pages in a row were empty`
        : undefined;
    if (why !== undefined) {
      throw new ConnectError(`the list of ${parent} has no end: ${why}`, Code.Internal);
    }
  }

  function check(): void {
    if (!limit) {
      requireEngineName("parent", parent);
      checkListAllOptions(options);
    }
  }
}
