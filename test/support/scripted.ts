import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { ProcessService } from "../../src/gen.js";

type Service = ServiceImpl<typeof ProcessService>;

/** A service that has these methods, and answers UNIMPLEMENTED to the others. */
export function scripted(methods: Partial<Service>): Service {
  return {
    createProcess: unimplemented,
    startProcess: unimplemented,
    getProcess: unimplemented,
    listProcesses: unimplemented,
    sendSignal: unimplemented,
    waitProcess: unimplemented,
    readOutput: unimplemented,
    readOutputFrames: unimplemented,
    // biome-ignore lint/correctness/useYield: it fails before its first message
    async *streamOutput() {
      unimplemented();
    },
    ...methods,
  };
}

function unimplemented(): never {
  throw new ConnectError("not part of this script", Code.Unimplemented);
}
