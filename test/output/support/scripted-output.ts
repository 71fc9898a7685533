import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { GetProcessResponseSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { OverWire } from "../../../src/client/caller.js";
import { failed, type Outcome } from "../../../src/errors/outcome.js";
import { type ClientOptions, ProcessClient } from "../../../src/index.js";
import { BatchBuilder } from "../../../src/transport/output-batch.js";
import { OutputQueue } from "../../../src/transport/output-queue.js";
import { type Batch, LEFT } from "../../../src/transport/wire.js";

/** The process of every answer. */
export const NAME = "workspaces/w/sandboxEngines/e/processes/p";

/** What a scripted server does. */
export interface ScriptedOutput {
  /** Opens the nth stream, from 1 up. */
  open(queue: OutputQueue, n: number): void;
  /** Is asked at each GetProcess; by default the process has succeeded. */
  state?(): Process_State;
}

/** A client whose streams bring exactly these batches, and whose looks find this state. */
export function clientOver(
  { open, state = () => Process_State.SUCCEEDED }: ScriptedOutput,
  options: ClientOptions = {},
): ProcessClient {
  let streams = 0;
  // Both on one connection, so that a silence is asked about.
  const connection = { isGone: false, avoid() {}, destroy() {} };
  const wire = {
    unary: async <I extends DescMessage, O extends DescMessage>(
      _method: DescMethodUnary<I, O>,
      _input: unknown,
      attempt: Parameters<OverWire["wire"]["unary"]>[2],
    ): Promise<Outcome<MessageShape<O>>> => {
      if (attempt.limit.isEnded) {
        return failed(LEFT);
      }
      attempt.evidence.connection = connection;
      const process = { name: NAME, command: "x", state: state() };
      const answer: unknown = create(GetProcessResponseSchema, { process });
      // Only GetProcess is asked here.
      return { ok: true, value: answer as MessageShape<O> };
    },
    output(_request: unknown, attempt: Parameters<OverWire["wire"]["output"]>[1]) {
      attempt.evidence.connection = connection;
      const queue = new OutputQueue();
      queue.connect({ pause() {}, resume() {}, close: () => queue.end(LEFT) });
      attempt.limit.onEnd(() => queue.end(LEFT));
      streams += 1;
      open(queue, streams);
      return queue;
    },
  };
  return new ProcessClient(new OverWire(wire), options);
}

/** A batch of small frames; those that begin with an exclamation mark are of standard error. */
export function batchOf(...frames: readonly string[]): Batch {
  const builder = new BatchBuilder();
  let at = 0;
  for (const frame of frames) {
    builder.add(frame.startsWith("!"), at, at + frame.length);
    at += frame.length;
  }
  const batch = builder.take(Uint8Array.from(Buffer.from(frames.join(""))));
  if (!batch) {
    throw new Error("no frames");
  }
  return batch;
}
