import { describe } from "vitest";
import type { ContractTarget } from "./contract-target.js";
import { defineCallers } from "./suite/callers.js";
import { defineClosing } from "./suite/closing.js";
import { defineCreating } from "./suite/creating.js";
import { defineDeferredStart } from "./suite/deferred-start.js";
import { defineHandle } from "./suite/handle.js";
import { defineLeavingStreams } from "./suite/leaving-streams.js";
import { defineLines } from "./suite/lines.js";
import { defineListing } from "./suite/listing.js";
import { defineOutputEqualities } from "./suite/output-equalities.js";
import { definePiping } from "./suite/piping.js";
import { definePositions } from "./suite/positions.js";
import { defineRunning } from "./suite/running.js";
import { defineRunningLimits } from "./suite/running-limits.js";
import { defineSignals } from "./suite/signals.js";
import { defineStreaming } from "./suite/streaming.js";
import { defineTerminating } from "./suite/terminating.js";
import { defineWaiting } from "./suite/waiting.js";

const AREAS = [
  defineCreating,
  defineDeferredStart,
  defineListing,
  defineCallers,
  defineSignals,
  defineOutputEqualities,
  defineWaiting,
  defineLeavingStreams,
  definePositions,
  defineStreaming,
  defineLines,
  definePiping,
  defineRunning,
  defineRunningLimits,
  defineTerminating,
  defineHandle,
  defineClosing,
];

/** Defines the tests that every way from a client to a server passes. */
export function defineCoreSuite(target: ContractTarget): void {
  describe(target.name, () => {
    for (const defineArea of AREAS) {
      defineArea(target);
    }
  });
}
