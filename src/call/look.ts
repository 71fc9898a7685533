import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Limit } from "../async/limit.js";
import type { Outcome } from "../errors/outcome.js";
import type { Process } from "../model/process.js";
import type { Evidence } from "../transport/wire.js";
import { processOf } from "./answer.js";
import { type Attempted, type AttemptWish, attempt, type Call, type Caller } from "./run.js";
import { traced } from "./traced.js";

const METHOD = ProcessService.method.getProcess;

/** GetProcess: how a process is now. */
export function getCall(name: string, headers: HeadersInit | undefined): Call<Process> {
  return {
    method: METHOD,
    resource: name,
    headers,
    send: async (wire, attempt) => processOf(await wire.unary(METHOD, { name }, attempt), name),
  };
}

/**
 * Looks at a process with one attempt: a call of its own, whatever it is a part of.
 *
 * @throws as `attempt`.
 */
export function lookOnce(
  caller: Caller,
  call: Call<Process>,
  limit: Limit,
  wish: AttemptWish,
): Promise<Attempted<Process>> {
  return traced(caller, call, limit, (one) => attempt(caller, one, limit, wish));
}

/** How long an answer may take, in milliseconds. */
export const PROBE_TIMEOUT_MS = 10_000;

/** What a look at a process brought. */
export interface Probe {
  readonly look: Outcome<Process>;
  /** Whether it went over the connection of the silent call, so that it tells about that as well. */
  readonly sameConnection: boolean;
}

/**
 * Looks at the process when a long call on it has been silent for too long, on the connection of
 * that call if it takes another one. Without an answer the connection is given up, which ends all
 * calls on it: a half-open connection is silent for ever.
 */
export async function probe(
  caller: Caller,
  name: string,
  silent: Evidence,
  limit: Limit,
  headers: HeadersInit | undefined,
): Promise<Probe> {
  const { connection } = silent;
  const time = { serverMs: PROBE_TIMEOUT_MS, localMs: PROBE_TIMEOUT_MS };
  const call = getCall(name, headers);
  const { outcome, evidence } = await lookOnce(caller, call, limit, {
    affinity: connection,
    time,
  });
  // What another connection answers, or owes, says nothing about this one.
  const sameConnection = connection !== undefined && evidence.connection === connection;
  if (sameConnection && !outcome.ok && outcome.failure.kind === "deadline") {
    connection.destroy("did not answer any more");
  }
  return { look: outcome, sameConnection };
}
