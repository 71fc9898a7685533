import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalClientFn, UniversalClientRequest } from "@connectrpc/connect/protocol";
import { Break, connectError } from "./break-shapes.js";
import type { CallLog } from "./call-log.js";
import type { Exchange } from "./exchange.js";
import type { Network } from "./network.js";
import type { OpenCalls } from "./open-calls.js";

/** Sends the requests of a transport of Connect's, which words breaks as connect-node does. */
export function connectHttpClient(
  network: Network,
  { log, calls }: { readonly log: CallLog; readonly calls: OpenCalls },
): UniversalClientFn {
  return async (request) => {
    const exchange = open(request, network, log, calls);
    try {
      const answer = await network.respond(exchange);
      return { ...answer, body: worded(answer.body) };
    } catch (error) {
      const shown = shownError(error);
      exchange.break(shown);
      throw shown;
    }
  };
}

function open(
  request: UniversalClientRequest,
  network: Network,
  log: CallLog,
  calls: OpenCalls,
): Exchange {
  const { signal } = request;
  const abort = () => exchange.leave(ConnectError.from(signal?.reason, Code.Canceled));
  let close: () => void = () => undefined;
  const exchange = network.open(request, (error) => {
    signal?.removeEventListener("abort", abort);
    close();
    log.end(exchange.call, error);
  });
  if (signal?.aborted) {
    abort();
  } else {
    close = calls.open(exchange.call.method);
    signal?.addEventListener("abort", abort);
  }
  return exchange;
}

async function* worded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw shownError(error);
  }
}

function shownError(error: unknown): ConnectError {
  return error instanceof Break ? connectError(error) : ConnectError.from(error);
}
