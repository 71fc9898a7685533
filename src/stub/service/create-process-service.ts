import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type {
  OutputFrame,
  OutputStream,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { EngineProcess } from "../engine/engine-process.js";
import type { Engines } from "../engine/engines.js";
import type { SandboxEngine } from "../engine/sandbox-engine.js";
import { authenticate, engineOfName, engineOfParent, type Users } from "./access.js";
import { MAX_MESSAGE_BYTES } from "./message-limits.js";

/**
 * The ProcessService over these engines, for these users. It knows no transport: of a call's
 * context it reads `requestHeader` and `signal` only, so that any server can host it.
 *
 * Each method checks, in this order: the token, the resource name, that the engine exists and is
 * the caller's, that it is RUNNING; then the rest of the request.
 */
export function createProcessService(
  engines: Engines,
  users: Users,
): ServiceImpl<typeof ProcessService> {
  function openEngine(parent: string, context: HandlerContext): SandboxEngine {
    const subject = authenticate(users, context.requestHeader);
    return engines.open(engineOfParent(parent), subject);
  }

  function openProcess(name: string, context: HandlerContext): EngineProcess {
    const subject = authenticate(users, context.requestHeader);
    return engines.open(engineOfName(name), subject).getProcess(name);
  }

  return {
    async createProcess({ parent, process, processId, autoRun }, context) {
      const engine = openEngine(parent, context);
      if (process === undefined) {
        throw new ConnectError("process: is required", Code.InvalidArgument);
      }
      const created = await engine.createProcess(process, { processId, autoRun });
      return { process: created.snapshot() };
    },

    async startProcess({ name }, context) {
      const process = openProcess(name, context);
      await process.start();
      return { process: process.snapshot() };
    },

    getProcess({ name }, context) {
      return { process: openProcess(name, context).snapshot() };
    },

    listProcesses({ parent, pageSize, pageToken, filter }, context) {
      const engine = openEngine(parent, context);
      const { processes, nextPageToken } = engine.listProcesses({ pageSize, pageToken, filter });
      return { processes: processes.map((process) => process.snapshot()), nextPageToken };
    },

    sendSignal({ name, signal }, context) {
      const process = openProcess(name, context);
      process.signal(signal);
      return { process: process.snapshot() };
    },

    async waitProcess({ name }, context) {
      const process = openProcess(name, context);
      await process.finished(context.signal);
      return { process: process.snapshot() };
    },

    async readOutput({ name, outputStream }, context) {
      return { data: await readStream(openProcess(name, context), outputStream) };
    },

    async readOutputFrames({ name }, context) {
      return { frames: await readFrames(openProcess(name, context)) };
    },

    async *streamOutput({ name, skipReplay }, context) {
      const { signal } = context;
      const output = openProcess(name, context).follow({ skipReplay, signal });
      yield* releasedOnAbort(output, signal);
    },
  };
}

// The encoding of protobuf adds to the bytes themselves, in a ReadOutputResponse: a tag and a
// length; in a ReadOutputFramesResponse, for each frame: a tag and a length for the frame and for
// its data, and the stream. A length takes four bytes at most below 2^28.
const RESPONSE_OVERHEAD_BYTES = 5;
const FRAME_OVERHEAD_BYTES = 12;

/**
 * The whole output of one stream.
 *
 * @throws ConnectError RESOURCE_EXHAUSTED where it does not fit into one message.
 */
export async function readStream(
  process: EngineProcess,
  stream: OutputStream,
): Promise<Uint8Array> {
  return process.readOutput(stream, MAX_MESSAGE_BYTES - RESPONSE_OVERHEAD_BYTES);
}

/**
 * All frames of the output.
 *
 * @throws ConnectError RESOURCE_EXHAUSTED where they do not fit into one message.
 */
export async function readFrames(process: EngineProcess): Promise<OutputFrame[]> {
  const frames = await process.readFrames(MAX_MESSAGE_BYTES - FRAME_OVERHEAD_BYTES);
  const size = frames.reduce((sum, { data }) => sum + data.length + FRAME_OVERHEAD_BYTES, 0);
  if (size > MAX_MESSAGE_BYTES) {
    throw new ConnectError(
      `the ${frames.length} frames of ${process.name} take more than the ${MAX_MESSAGE_BYTES} bytes ` +
        "of one message: use StreamOutput",
      Code.ResourceExhausted,
    );
  }
  return frames;
}

/**
 * The items of a source, until the signal aborts; then the signal's reason is thrown, and the source
 * is released at once, even if nobody asks for an item any more.
 *
 * A transport that loses its caller drops a response where it stands, so that no `finally` of it
 * runs; the signal is all that tells. And a source that merely ended on the signal would look like
 * one that is complete.
 */
export async function* releasedOnAbort<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const release = () => {
    iterator.return?.().catch(() => {});
  };
  signal.addEventListener("abort", release, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await iterator.next();
      signal.throwIfAborted();
      if (done === true) {
        return;
      }
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", release);
    await iterator.return?.();
  }
}
