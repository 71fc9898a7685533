import { create } from "@bufbuild/protobuf";
import { createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { Process_State, ProcessSchema, ProcessService } from "../../src/gen.js";
import { ProcessClient } from "../../src/index.js";

/** A client whose server agrees to everything: each process has finished without a word. */
export function answeringClient() {
  const requests: string[] = [];
  const process = (name: string) => {
    requests.push(name);
    return { process: create(ProcessSchema, { name, state: Process_State.SUCCEEDED }) };
  };
  const service: ServiceImpl<typeof ProcessService> = {
    createProcess: ({ parent, processId }) => process(`${parent}/processes/${processId}`),
    startProcess: ({ name }) => process(name),
    getProcess: ({ name }) => process(name),
    listProcesses: ({ parent }) => {
      requests.push(parent);
      return {};
    },
    sendSignal: ({ name }) => process(name),
    waitProcess: ({ name }) => process(name),
    readOutput: ({ name }) => {
      requests.push(name);
      return {};
    },
    readOutputFrames: ({ name }) => {
      requests.push(name);
      return {};
    },
    streamOutput({ name }) {
      requests.push(name);
      return noOutput();
    },
  };
  const transport = createRouterTransport((router) => router.service(ProcessService, service));
  return { client: new ProcessClient({ transport }), requests };
}

async function* noOutput() {
  yield* [];
}
