import type { DescMethod } from "@bufbuild/protobuf";
import type { Limit } from "../async/limit.js";
import { type Trace, traceCall } from "../diagnostics/channels.js";
import type { AttemptMessage, CallMessage, ServerInfo } from "../diagnostics/messages.js";
import { errorOf, type Outcome } from "../errors/outcome.js";
import { routeOf } from "../transport/rest/route.js";
import type { Evidence } from "../transport/wire.js";

/** A call that can be traced. */
interface Traceable {
  readonly method: DescMethod;
  readonly resource: string;
  /** What is told of the call; undefined where nobody listens. */
  readonly traced?: CallMessage | undefined;
}

/** Begins the trace of a call; undefined where nobody listens. */
export function beginTrace(
  { server }: { readonly server: ServerInfo },
  { method, resource }: Traceable,
): Trace<CallMessage> | undefined {
  return traceCall(() => ({ rpc: method, resource, server, route: () => routeOf(method) }));
}

/** What a call comes to, by itself or with what else is known of it. */
type Result = Outcome<unknown> | { readonly outcome: Outcome<unknown> };

/**
 * Runs a call of one RPC, with all of its attempts, as one to those who listen.
 *
 * @throws what `run` throws.
 */
export function traced<C extends Traceable, R extends Result>(
  caller: { readonly server: ServerInfo },
  call: C,
  limit: Limit,
  run: (call: C) => Promise<R>,
): Promise<R> {
  const trace = beginTrace(caller, call);
  return trace ? toItsEnd(trace, call, limit, run) : run(call);
}

async function toItsEnd<C extends Traceable, R extends Result>(
  trace: Trace<CallMessage>,
  call: C,
  limit: Limit,
  run: (call: C) => Promise<R>,
): Promise<R> {
  try {
    const result = await trace.start(() => run({ ...call, traced: trace.message }));
    endTrace(trace, call, limit, "outcome" in result ? result.outcome : result);
    return result;
  } catch (error) {
    const isCancelled = wasCancelled(limit);
    trace.end(isCancelled ? undefined : error, isCancelled);
    throw error;
  }
}

/** Tells how an attempt ended. */
export function endAttempt(
  trace: Trace<AttemptMessage>,
  call: Traceable,
  limit: Limit,
  outcome: Outcome<unknown>,
  { http }: Evidence,
): void {
  const { message } = trace;
  message.http = http;
  if (message.call) {
    message.call.http = http;
  }
  endTrace(trace, call, limit, outcome);
}

function endTrace(
  trace: Trace<CallMessage> | Trace<AttemptMessage>,
  { method, resource }: Traceable,
  limit: Limit,
  outcome: Outcome<unknown>,
): void {
  if (outcome.ok) {
    trace.end();
  } else if (wasCancelled(limit)) {
    trace.end(undefined, true);
  } else {
    trace.end(errorOf(outcome.failure, method.name, resource));
  }
}

/** Whether the caller ended a limit, and not its time. */
export function wasCancelled({ isEnded, isOverdue }: Limit): boolean {
  return isEnded && !isOverdue;
}
