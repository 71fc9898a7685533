import type { MessageInitShape } from "@bufbuild/protobuf";

import type { StreamOutputResponseSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { StruckCall } from "./struck-call.js";

type Output = MessageInitShape<typeof StreamOutputResponseSchema>;

const NO_BYTES = new Uint8Array(0);

/** A StreamOutput call that faults are for. The stream is opened when none strikes before. */
export async function* streamWithFaults(
  call: StruckCall,
  open: () => AsyncIterable<Output>,
): AsyncGenerator<Output> {
  await call.at("before");
  if ((await call.afterOutput(0, 0)) === "end") return;
  let failure: { readonly reason: unknown } | undefined;
  const output = untilFailure(open(), (reason) => {
    failure = { reason };
  });
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
      if ((await call.afterOutput(bytes, messages)) === "end") return;
      if (rest.length === 0) break;
    }
  }
  if (!call.context.signal.aborted) await call.at("after");
  if (failure !== undefined) throw failure.reason;
}

/** The items of a source, which ends where it fails: what follows is an answer, too. */
async function* untilFailure<T>(
  source: AsyncIterable<T>,
  onFailure: (reason: unknown) => void,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await iterator.next().catch(onFailure);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
