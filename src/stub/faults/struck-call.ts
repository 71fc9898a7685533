import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { StreamOutputResponseSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type AfterStrike, strike } from "./fault-kinds.js";
import type { FaultRule } from "./fault-rule.js";
import type { CallPoint } from "./stub-faults.js";

/** The faults of one call, each of which strikes once at its point. */
export class StruckCall {
  readonly context: HandlerContext;
  #due: readonly FaultRule[];

  constructor(rules: readonly FaultRule[], context: HandlerContext) {
    this.#due = rules;
    this.context = context;
  }

  /** Lets the faults strike that are due before or after the handling; see `strike`. */
  at(point: CallPoint): Promise<AfterStrike> {
    return this.#strike((rule) => rule.point === point);
  }

  /** Lets the faults strike that are due after so much output; see `strike`. */
  afterOutput(bytes: number, messages: number): Promise<AfterStrike> {
    return this.#strike(({ point }) => {
      if (typeof point === "string") {
        return false;
      }
      return "bytes" in point ? point.bytes <= bytes : point.messages <= messages;
    });
  }

  /** How many bytes may be sent until the next fault is due, after so many. */
  bytesToNext(bytes: number): number {
    const points = this.#due.flatMap(({ point }) =>
      typeof point === "object" && "bytes" in point ? point.bytes : [],
    );
    return Math.min(...points) - bytes;
  }

  async #strike(isDue: (rule: FaultRule) => boolean): Promise<AfterStrike> {
    const due = this.#due.filter(isDue);
    if (due.length === 0) {
      return "go on";
    }
    this.#due = this.#due.filter((rule) => !isDue(rule));
    for (const rule of due) {
      if (rule.removal.released) {
        continue;
      }
      rule.fired += 1;
      if ((await strike(rule.fault, { context: this.context, release: rule.removal })) === "end") {
        return "end";
      }
    }
    return "go on";
  }
}

/** A unary call that faults are for. It is handled when none strikes before. */
export async function answerWithFaults<T>(call: StruckCall, handle: () => Promise<T>): Promise<T> {
  await call.at("before");
  // An error is an answer, too, and can be lost as well.
  const [answer] = await Promise.allSettled([handle()]);
  if (!call.context.signal.aborted) {
    await call.at("after");
  }
  if (answer.status === "rejected") {
    throw answer.reason;
  }
  return answer.value;
}

/**
 * A call with a stream of answers that faults are for. The stream is opened when none strikes before.
 *
 * @param pass what is sent of it, and whether that is the end of the call.
 */
export async function* streamWithFaults<T>(
  call: StruckCall,
  open: () => AsyncIterable<T>,
  pass: (call: StruckCall, items: AsyncIterable<T>) => AsyncGenerator<T, AfterStrike> = passAll,
): AsyncGenerator<T> {
  await call.at("before");
  let failure: { readonly reason: unknown } | undefined;
  const items = untilFailure(open, (reason) => {
    failure = { reason };
  });
  if ((yield* pass(call, items)) === "end") {
    return;
  }
  if (!call.context.signal.aborted) {
    await call.at("after");
  }
  if (failure !== undefined) {
    throw failure.reason;
  }
}

async function* passAll<T>(
  _call: StruckCall,
  items: AsyncIterable<T>,
): AsyncGenerator<T, AfterStrike> {
  yield* items;
  return "go on";
}

type Output = MessageInitShape<typeof StreamOutputResponseSchema>;

const NO_BYTES = new Uint8Array(0);

/** The messages of a StreamOutput call, which are split where a fault is due. */
export async function* passOutput(
  call: StruckCall,
  output: AsyncIterable<Output>,
): AsyncGenerator<Output, AfterStrike> {
  if ((await call.afterOutput(0, 0)) === "end") {
    return "end";
  }
  let bytes = 0;
  let messages = 0;
  for await (const message of output) {
    for (let rest = message.data ?? NO_BYTES; ; ) {
      const data = rest.subarray(0, call.bytesToNext(bytes));
      rest = rest.subarray(data.length);
      yield { ...message, data };
      // What asks for more has sent this.
      bytes += data.length;
      messages += 1;
      if ((await call.afterOutput(bytes, messages)) === "end") {
        return "end";
      }
      if (rest.length === 0) {
        break;
      }
    }
  }
  return "go on";
}

/** The items of a source, which ends where it fails: what follows is an answer, too. */
async function* untilFailure<T>(
  open: () => AsyncIterable<T>,
  onFailure: (reason: unknown) => void,
): AsyncGenerator<T> {
  const iterator = open()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await iterator.next().catch(onFailure);
      if (next === undefined || next.done === true) {
        return;
      }
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
