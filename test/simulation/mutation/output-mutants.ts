import type * as LiveOutput from "../../../src/client/output/live-output.js";
import type * as LookUntilAnswered from "../../../src/client/output/look-until-answered.js";
import type * as Replay from "../../../src/client/output/replay.js";
import type * as StreamAttempt from "../../../src/client/output/stream-attempt.js";
import type { OutputFrame } from "../../../src/model/output.js";
import { mutant } from "./mutant.js";

export const handsReplayedBytesOver = mutant<typeof Replay>(
  "../../../src/client/output/replay.js",
  (original) => ({
    Replay: class extends original.Replay {
      override unseen(frame: OutputFrame) {
        super.unseen(frame);
        return frame.data;
      }
    },
  }),
);

export const comparesNoReplay = mutant<typeof import("node:zlib")>("node:zlib", () => ({
  crc32: () => 0,
}));

export const believesEveryEnd = mutant<typeof LookUntilAnswered>(
  "../../../src/client/output/look-until-answered.js",
  (original) => ({
    lookUntilAnswered: async (...args) => ({
      ...(await original.lookUntilAnswered(...args)),
      state: "STATE_SUCCEEDED",
    }),
  }),
);

export const leavesStreamsOpen = mutant<typeof LiveOutput>(
  "../../../src/client/output/live-output.js",
  (original) => ({
    OutputFollower: class extends original.OutputFollower {
      override [Symbol.asyncIterator]() {
        const iterator = super[Symbol.asyncIterator]();
        // Without return(), which is what leaving a loop calls.
        return { next: () => iterator.next() };
      }
    },
  }),
);

export const leavesSilentStreamsOpen = mutant<typeof StreamAttempt>(
  "../../../src/client/output/stream-attempt.js",
  (original) => ({
    StreamAttempt: class extends original.StreamAttempt {
      override close() {}
    },
  }),
);
