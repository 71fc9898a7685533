import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { OutputStream, type ProcessService } from "../../../src/gen.js";
import { scripted } from "../../support/scripted.js";

/** A service without an engine, and what became of its calls. */
export interface ScriptedService {
  readonly service: ServiceImpl<typeof ProcessService>;
  /** How many StreamOutput calls run. */
  following(): number;
  /** The reasons for which the signals of StreamOutput calls were aborted while they ran. */
  readonly aborts: unknown[];
}

/**
 * GetProcess answers with the name; for `missing` with NOT_FOUND. ReadOutput answers with as many
 * bytes as the name says. StreamOutput sends one chunk, and then waits until it is cancelled; for
 * `flood` it sends for ever.
 */
export function createScriptedService(): ScriptedService {
  const running = new Set<AbortSignal>();
  const aborts: unknown[] = [];
  return {
    aborts,
    following: () => running.size,
    service: scripted({
      getProcess({ name }) {
        if (name === "missing") {
          throw new ConnectError("no such process: missing", Code.NotFound);
        }
        return { process: { name } };
      },
      async waitProcess(_request, { signal }) {
        await aborted(signal);
        throw signal.reason;
      },
      readOutput({ name }) {
        return { data: new Uint8Array(Number(name)) };
      },
      async *streamOutput({ name }, { signal }) {
        running.add(signal);
        signal.addEventListener("abort", () => {
          running.delete(signal);
          aborts.push(signal.reason);
        });
        const data = new Uint8Array(64 * 1024).fill(0x61);
        do {
          yield { stream: OutputStream.STDOUT, data };
        } while (name === "flood");
        await aborted(signal);
      },
    }),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
