import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import type * as Client from "../../../src/index.js";
import type * as Replay from "../../../src/output/replay.js";
import type { Batch } from "../../../src/transport/wire.js";
import type * as VirtualStream from "../network/virtual-stream.js";
import type * as FaultyService from "../server/faulty-service.js";
import { mutant } from "./mutant.js";

export const handsReplayedBytesOver = mutant<typeof Replay>(
  "../../../src/output/replay.js",
  (original) => ({
    Replay: class extends original.Replay {
      override unseen(batch: Batch) {
        super.unseen(batch);
        return batch;
      }
    },
  }),
);

export const comparesNoReplay = mutant<typeof import("node:zlib")>("node:zlib", () => ({
  crc32: () => 0,
}));

export const believesEveryEnd = mutant<typeof FaultyService>(
  "../server/faulty-service.js",
  (original) => ({
    // Whoever has read output, and asks whether the process has ended, hears what it believes.
    faultyService: (service, options) => {
      let hasStreamed = false;
      return original.faultyService(
        {
          ...service,
          getProcess: async (request, context) => {
            const { process } = await service.getProcess(request, context);
            const state = Process_State.SUCCEEDED;
            return { process: hasStreamed ? { ...process, state } : process };
          },
          streamOutput: (request, context) => {
            hasStreamed = true;
            return service.streamOutput(request, context);
          },
        },
        options,
      );
    },
  }),
);

export const leavesStreamsOpen = mutant<typeof Client>("../../../src/index.js", (original) => ({
  ProcessClient: class extends original.ProcessClient {
    override streamOutput(...args: Parameters<Client.ProcessClient["streamOutput"]>) {
      const follower = super.streamOutput(...args);
      const iterate = follower[Symbol.asyncIterator].bind(follower);
      return Object.defineProperty(follower, Symbol.asyncIterator, {
        value: () => {
          const iterator = iterate();
          // Without return(), which is what leaving a loop calls.
          return { next: () => iterator.next() };
        },
      });
    }
  },
}));

export const leavesSilentStreamsOpen = mutant<typeof VirtualStream>(
  "../network/virtual-stream.js",
  (original) => ({
    VirtualStream: class extends original.VirtualStream {
      override cancel() {}
    },
  }),
);
