import type { HandlerContext } from "@connectrpc/connect";
import { OutputStream, Process_State } from "../../../src/gen.js";
import { type ClientOptions, ProcessClient, type TokenProvider } from "../../../src/index.js";
import { type ProcessServer, startProcessServer } from "../../transport/support/process-server.js";
import { FAST_RETRY, type Way } from "./ways.js";

export const NAME = "workspaces/w/sandboxEngines/e/processes/p";

/** One frame of output: text for stdout, or `{ err }` for stderr. */
export type ScriptedFrame = string | { readonly err: string };

/** What one StreamOutput call does: sends frames, and then ends cleanly or with an error. */
export interface ScriptedStream {
  readonly frames: readonly ScriptedFrame[];
  readonly error?: Error;
  /** The state of the process from then on. @default the state as it was */
  readonly state?: Process_State;
}

/** A server of one process whose output is scripted, and a client of it. */
export interface ScriptedOutput extends AsyncDisposable {
  readonly client: ProcessClient;
  readonly server: ProcessServer;
  /** How many StreamOutput calls came. */
  readonly streams: number;
}

/**
 * Starts a server whose StreamOutput calls follow a script, one after the other; the last one is
 * repeated. The process is RUNNING at first.
 */
export async function scriptOutput(
  way: Way,
  script: readonly ScriptedStream[],
  options: ClientOptions & {
    readonly tokenProvider?: TokenProvider;
    /** Checks each request. */
    readonly check?: (context: HandlerContext) => void;
  } = {},
): Promise<ScriptedOutput> {
  const { tokenProvider, check, ...clientOptions } = options;
  let streams = 0;
  let state = Process_State.RUNNING;
  const server = await startProcessServer({
    http1: way.httpVersion === "1.1",
    service: {
      getProcess(_, context) {
        check?.(context);
        return { process: { name: NAME, state } };
      },
      async *streamOutput(_, context) {
        const stream = script[Math.min(streams, script.length - 1)];
        streams += 1;
        check?.(context);
        for (const frame of stream?.frames ?? []) {
          yield message(frame);
        }
        state = stream?.state ?? state;
        if (stream?.error) {
          throw stream.error;
        }
      },
    },
  });
  const client = new ProcessClient(
    { contract: "built-in", aiemUrl: server.url, tokenProvider },
    { ...way, retry: FAST_RETRY, ...clientOptions },
  );
  return {
    client,
    server,
    get streams() {
      return streams;
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await server.close();
    },
  };
}

function message(frame: ScriptedFrame) {
  return typeof frame === "string"
    ? { stream: OutputStream.STDOUT, data: Buffer.from(frame) }
    : { stream: OutputStream.STDERR, data: Buffer.from(frame.err) };
}
