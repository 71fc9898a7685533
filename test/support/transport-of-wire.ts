import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { OutputStream } from "../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  ProcessService,
  StreamOutputRequestSchema,
  StreamOutputResponseSchema,
} from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Limit } from "../../src/async/limit.js";
import { errorOf, type Failure, type Outcome } from "../../src/errors/outcome.js";
import {
  type Attempt,
  type Hints,
  newAttempt,
  type ResponseHeaders,
  type Wire,
} from "../../src/transport/wire.js";

/** A call that was sent over a wire: what is known of it, and why it failed if it did. */
export interface Sent {
  readonly attempt: Attempt;
  failure: Failure | undefined;
}

/**
 * Connect's interface to a wire, for tests that call methods by a generated client. Messages of
 * errors are those of the failures, without the names that calls add.
 *
 * @param sent is given each call.
 * @param wishes what the calls want besides what their options say.
 */
export function transportOfWire(wire: Wire, sent: Sent[] = [], wishes: Hints = {}): Transport {
  function start(
    long: boolean,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    headers: HeadersInit | undefined,
    response?: ResponseHeaders,
  ) {
    const overdue = () => new ConnectError("the time is over", Code.DeadlineExceeded);
    const limit = new Limit({ signal, ms: timeoutMs, overdue });
    const hints = { long, headers, serverTimeoutMs: timeoutMs, ...wishes };
    const attempt = newAttempt(hints, limit, response);
    const call: Sent = { attempt, failure: undefined };
    sent.push(call);
    return call;
  }

  function settled<T>(outcome: Outcome<T>, call: Sent): T {
    if (outcome.ok) {
      return outcome.value;
    }
    call.failure = outcome.failure;
    const { ended } = call.attempt.limit;
    if (ended) {
      throw ended.reason instanceof ConnectError
        ? ended.reason
        : new ConnectError("aborted", Code.Canceled, undefined, undefined, ended.reason);
    }
    throw errorOf(outcome.failure, "", "");
  }

  return {
    async unary(method, signal, timeoutMs, header, input) {
      const response = { header: new Headers(), trailer: new Headers() };
      const long = method.name === ProcessService.method.waitProcess.name;
      const call = start(long, signal, timeoutMs, header, response);
      const outcome = await wire.unary(method, input, call.attempt);
      const message = settled(outcome, call);
      call.attempt.limit.release();
      return { stream: false, service: method.parent, method, message, ...response };
    },

    async stream(method, signal, timeoutMs, header, input) {
      const call = start(true, signal, timeoutMs, header);
      const { limit } = call.attempt;
      async function* messages() {
        for await (const init of input) {
          const request = toBinary(method.input, create(method.input, init));
          const source = wire.output(fromBinary(StreamOutputRequestSchema, request), call.attempt);
          try {
            while (settled(await source.wait(), call) === "batch") {
              const batch = source.take();
              for (let i = 0; i < (batch?.count ?? 0); i++) {
                const stream = batch?.stderr(i) ? OutputStream.STDERR : OutputStream.STDOUT;
                const data = batch?.data(i) ?? new Uint8Array();
                const message = create(StreamOutputResponseSchema, { stream, data });
                yield fromBinary(method.output, toBinary(StreamOutputResponseSchema, message));
              }
            }
          } finally {
            source.close();
            limit.release();
          }
        }
      }
      const headers = { header: new Headers(), trailer: new Headers() };
      return { stream: true, service: method.parent, method, message: messages(), ...headers };
    },
  };
}
