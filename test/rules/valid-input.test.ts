import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ProcessSpec, parseProcessName, WaitTimeoutError } from "../../src/index.js";
import {
  validEngineName,
  validProcessId,
  validProcessName,
} from "../support/resource-name-arbitraries.js";
import { answeringClient } from "./answering-client.js";
import { duration } from "./bad-values.js";
import { type Call, ENGINE, ENGINE_CALLS, first, PROCESS, PROCESS_CALLS } from "./calls.js";

const runs = { numRuns: 30 };

// Long enough that none of them is over before the server in this program has answered.
const limit = fc.option(
  duration.filter((value) => value === 0 || value > 60_000),
  { nil: undefined },
);

const headers = fc.option(
  fc.dictionary(fc.stringMatching(/^x-[a-z0-9]{1,9}$/), fc.stringMatching(/^[!-~]{0,20}$/)),
  { nil: undefined },
);

const options = fc.record({
  timeoutMs: limit,
  headers,
  signal: fc.constantFrom(undefined, new AbortController().signal),
});

// With a limit of zero these are over at once, sent or not.
const ONLY_WAIT = new Set(["streamOutput", "streamLines", "pipeOutput", "waitForLine"]);

async function expectSent(call: Call, names: fc.Arbitrary<string>) {
  await fc.assert(
    fc.asyncProperty(names, options, async (resource, callOptions) => {
      fc.pre(callOptions.timeoutMs !== 0 || !ONLY_WAIT.has(call.title));
      const { client, requests } = answeringClient();
      // Its limit is in seconds, and has another name.
      const untimed = call.title === "waitProcessByPolling";
      const running = Promise.resolve(
        call.run(
          client,
          resource,
          untimed ? { ...callOptions, timeoutMs: undefined } : callOptions,
        ),
      );
      if (call.title === "runProcess" && callOptions.timeoutMs === 0) {
        // Nothing but waiting is left when the process was created: there is no time for it.
        await expect(running).rejects.toBeInstanceOf(WaitTimeoutError);
      } else {
        await running;
      }
      expect(requests.length).toBeGreaterThan(0);
      expect(requests.every((name) => name.startsWith(resource))).toBe(true);
    }),
    runs,
  );
}

describe("a good name with good options is sent", () => {
  it.each(ENGINE_CALLS)("by $title", (call) => expectSent(call, validEngineName));

  it.each(PROCESS_CALLS)("by $title", (call) => expectSent(call, validProcessName));
});

describe("a good value is sent", () => {
  const sent = async (values: fc.Arbitrary<unknown>, call: (value: never) => Promise<unknown>) => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        await call(value as never);
      }),
      runs,
    );
  };
  const { client } = answeringClient();

  it("for an id of a process", async () => {
    await sent(validProcessId, async (processId) => {
      const { name } = await client.createProcess(ENGINE, { command: "true" }, { processId });
      expect(parseProcessName(name).process).toBe(processId);
    });
  });

  it("for a page size", async () => {
    const pageSizes = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    await sent(pageSizes, (pageSize) => client.listProcesses(ENGINE, { pageSize }));
  });

  it("for a signal", async () => {
    const signals = fc.oneof(
      fc.integer({ min: 1, max: 64 }),
      fc.constantFrom("SIGTERM", "SIGKILL", "SIGUSR1", "SIGSYS"),
    );
    await sent(signals, (signal) => client.sendSignal(PROCESS, signal));
  });

  it("for the clocks of a polling wait, in seconds", async () => {
    const seconds = fc.record({
      timeoutSeconds: fc.option(duration),
      pollIntervalSeconds: duration,
    });
    await sent(seconds, (clocks) => client.waitProcessByPolling(PROCESS, clocks));
  });

  it("for counts of bytes", async () => {
    const bytes = fc.maxSafeNat();
    await sent(bytes, (maxOutputBytes) =>
      client.runProcess(ENGINE, { command: "true" }, { maxOutputBytes }),
    );
    await sent(
      bytes.map((count) => Math.max(1, count)),
      (maxLineBytes) => first(client.streamLines(PROCESS, { maxLineBytes })),
    );
  });

  it("for a specification", async () => {
    const text = fc.string({ unit: "grapheme" }).map((any) => any.replaceAll("\0", ""));
    const names = text.map((any) => `${any.replaceAll("=", "")}_`);
    const secretVersion = fc
      .tuple(fc.nat(), fc.constantFrom("latest", "1"))
      .map(([id, version]) => `workspaces/w/secrets/s-${id}/versions/${version}`);
    const specs: fc.Arbitrary<ProcessSpec> = fc.record(
      {
        command: text.map((any) => `x${any}`),
        args: fc.array(text),
        workingDirectory: fc.oneof(
          fc.constant(""),
          text.map((any) => `/${any}`),
        ),
        environmentVariables: fc.dictionary(names, text),
        secretEnvironmentVariables: fc.dictionary(names, fc.record({ secretVersion })),
      },
      { requiredKeys: ["command"] },
    );
    await sent(specs, (spec) => client.createProcess(ENGINE, spec));
  });
});
