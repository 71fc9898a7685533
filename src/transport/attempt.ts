import type { Interceptor } from "@connectrpc/connect";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { currentRecord, runAttempt } from "./call-context.js";
import { CallRecord } from "./call-record.js";
import { type ExplainContext, explainFailure } from "./errors/explain-failure.js";

/**
 * Wraps each sending of a request: the code below Connect gets to know its call, the record what
 * became of it, and the caller an error that says the same over every protocol.
 */
export function attempts(context: ExplainContext): Interceptor {
  return (next) => async (req) => {
    const record = currentRecord() ?? new CallRecord();
    record.restart();
    const { signal } = req;
    const explain = (error: unknown): never => {
      if (signal.aborted) {
        throw error;
      }
      record.fail();
      const asked = { method: req.requestMethod, path: new URL(req.url).pathname };
      throw explainFailure(error, record, { ...context, asked });
    };
    const long = req.stream || req.method === ProcessService.method.waitProcess;
    const res = await runAttempt({ record, signal, long }, () => next(req)).catch(explain);
    record.answer();
    return res.stream ? { ...res, message: explained(res.message, explain) } : res;
  };
}

function explained<T>(
  messages: AsyncIterable<T>,
  explain: (error: unknown) => never,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = messages[Symbol.asyncIterator]();
      // Connect calls neither return nor throw: a call ends by its signal.
      return { next: () => iterator.next().catch(explain) };
    },
  };
}
