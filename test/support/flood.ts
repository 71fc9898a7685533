import type { ServiceImpl } from "@connectrpc/connect";
import { OutputStream, type ProcessService } from "../../src/gen.js";
import { scripted } from "./scripted.js";

/** A service whose output never ends, and how it is taken. */
export interface Flood {
  readonly service: ServiceImpl<typeof ProcessService>;
  /** How many bytes were handed to the server so far. */
  sentBytes(): number;
  /** How many followers there are. */
  followers(): number;
}

const CHUNK = new Uint8Array(64 * 1024);

/** Makes a service that sends as fast as the server takes it. */
export function createFlood(): Flood {
  let sent = 0;
  let followers = 0;
  return {
    sentBytes: () => sent,
    followers: () => followers,
    service: scripted({
      async *streamOutput(_request, { signal }) {
        followers += 1;
        signal.addEventListener("abort", () => {
          followers -= 1;
        });
        while (!signal.aborted) {
          sent += CHUNK.length;
          yield { stream: OutputStream.STDOUT, data: CHUNK };
        }
      },
    }),
  };
}
