import { randomUUID } from "node:crypto";
import type * as CreateProcess from "../../../src/client/create-process.js";
import type * as SettledCall from "../../../src/client/settled-call.js";
import type * as Repeatable from "../../../src/retry/repeatable.js";
import { mutant } from "./mutant.js";

export const createsAgainUnderANewId = mutant<typeof CreateProcess>(
  "../../../src/client/create-process.js",
  () => ({
    createProcess: async (rpc, parent, spec, { autoRun = false, signal }) => {
      const { specToMessage } = await import("../../../src/model/process-message.js");
      const { processOf } = await import("../../../src/client/process-answer.js");
      for (let left = 3; ; left -= 1) {
        const request = { parent, processId: randomUUID(), autoRun, process: specToMessage(spec) };
        try {
          const answer = await rpc.service.createProcess(request, { ...(signal && { signal }) });
          return processOf("CreateProcess", answer);
        } catch (error) {
          signal?.throwIfAborted();
          if (left === 0) {
            throw error;
          }
        }
      }
    },
  }),
);

export const looksForNoEffect = mutant<typeof SettledCall>(
  "../../../src/client/settled-call.js",
  () => ({
    settledCall: async (rpc, call, options) => {
      const { unary } = await import("../../../src/client/unary.js");
      return await unary(rpc, call, options, ({ kind }) => kind !== "status");
    },
  }),
);

export const sendsSignalsAgain = mutant<typeof Repeatable>(
  "../../../src/retry/repeatable.js",
  () => ({ neverProcessed: ({ kind }) => kind !== "status" }),
);
