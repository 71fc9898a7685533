import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  OutputStream,
  type ProcessSchema,
  Process_State as State,
} from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type { ProcessService } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { PROCESS } from "../../support/process-name.js";

export const PARENT = "workspaces/w/sandboxEngines/e";
const TIME = { seconds: 1_000n };

type Init = Exclude<MessageInitShape<typeof ProcessSchema>, { $typeName: string }>;

/** A process in a state, with all that belongs to that. */
export function processIn(state: State, more: Init = {}): Init {
  const isFinal = state === State.SUCCEEDED || state === State.FAILED;
  return {
    name: PROCESS,
    command: "/bin/date",
    args: ["-u"],
    state,
    createTime: TIME,
    ...(state !== State.PENDING && { startTime: TIME }),
    ...(isFinal && { endTime: TIME, exitCode: state === State.FAILED ? 1 : 0 }),
    ...more,
  };
}

/** What came to the service, by the names of its methods. */
export type Calls = string[];

/** A service that says nothing that cannot be true. */
export function goodService(calls: Calls = []): ServiceImpl<typeof ProcessService> {
  return {
    createProcess({ parent, processId, process, autoRun }) {
      calls.push(autoRun ? "create and run" : "create");
      const { $typeName: _, ...asked } = process ?? { $typeName: "" };
      const name = `${parent}/processes/${processId}`;
      const state = autoRun ? State.RUNNING : State.PENDING;
      return { process: { ...processIn(state), ...asked, name, state } };
    },
    startProcess({ name }) {
      calls.push("start");
      return { process: processIn(State.RUNNING, { name }) };
    },
    getProcess({ name }) {
      calls.push("get");
      return { process: processIn(State.SUCCEEDED, { name }) };
    },
    listProcesses({ parent }) {
      calls.push("list");
      return { processes: [processIn(State.RUNNING, { name: `${parent}/processes/p` })] };
    },
    sendSignal({ name }) {
      calls.push("signal");
      return { process: processIn(State.RUNNING, { name }) };
    },
    waitProcess({ name }) {
      calls.push("wait");
      return { process: processIn(State.SUCCEEDED, { name }) };
    },
    readOutput: () => ({ data: Buffer.from("out") }),
    readOutputFrames: () => ({
      frames: [{ stream: OutputStream.STDOUT, data: Buffer.from("out") }],
    }),
    async *streamOutput() {
      calls.push("stream");
      yield { stream: OutputStream.STDOUT, data: Buffer.from("out") };
    },
  };
}
