import { afterEach, describe, expect, test, vi } from "vitest";
import { Process_State as State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { collect } from "../../support/collect.js";
import { setWith } from "../../support/renumbered-set.js";
import { PROCESS } from "../support/process-name.js";
import { asking } from "./support/asking-client.js";
import { PARENT, processIn } from "./support/guarded-service.js";
import { reflecting, tells } from "./support/reflecting.js";

const MINUTE_MS = 60_000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Lets the clock of this process go on, though no timer. */
function later(ms: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + ms);
}

const another = {
  getProcess: () => ({
    process: processIn(State.RUNNING, { name: `${PARENT}/processes/other` }),
  }),
};

describe("after an answer that cannot be true", () => {
  test("the server is asked again, though not within a minute of the last time", async () => {
    const reflection = reflecting(tells());
    const { client } = await asking(reflection, {}, {}, another);
    for (let i = 0; i < 3; i += 1) {
      await expect(client.getProcess(PROCESS)).rejects.toThrow("answered with the process");
    }
    expect(reflection.streams).toBe(1);
    later(MINUTE_MS + 1_000);
    await expect(client.getProcess(PROCESS)).rejects.toThrow("answered with the process");
    expect(reflection.streams).toBe(1);
    for (let i = 0; i < 3; i += 1) {
      await expect(client.getProcess(PROCESS)).rejects.toThrow("answered with the process");
    }
    expect(reflection.streams).toBe(2);
  });

  test("of a stream of output, too", async () => {
    const reflection = reflecting((stream, question) =>
      stream.count === 1 ? stream.status(7) : tells()(stream, question),
    );
    const { client, events } = await asking(
      { ...reflection },
      {},
      {},
      {
        async *streamOutput() {
          yield { data: Buffer.from("of no stream") };
        },
      },
    );
    await client.getProcess(PROCESS);
    expect(events).toMatchObject([{ contract: "guarded" }]);
    later(MINUTE_MS + 1_000);
    await expect(collect(client.streamOutput(PROCESS))).rejects.toMatchObject({
      name: "ContractMismatchError",
    });
    await client.getProcess(PROCESS);
    expect(events).toMatchObject([{ contract: "guarded" }, { contract: "reflection" }]);
  });

  test("other numbers than before are used from then on", async () => {
    let set = setWith({});
    const reflection = reflecting((stream, question) => tells(set)(stream, question));
    const { client, calls } = await asking(reflection, {}, {}, another);
    await expect(client.getProcess(PROCESS)).rejects.toThrow("answered with the process");
    // Without the method, a call is an error that says so.
    set = setWith({
      service: (service) => {
        service.method = service.method.filter(({ name }) => name !== "ReadOutput");
      },
    });
    later(MINUTE_MS + 1_000);
    await expect(client.getProcess(PROCESS)).rejects.toThrow("answered with the process");
    await expect(client.readOutput(PROCESS)).rejects.toMatchObject({
      name: "ContractMismatchError",
      message: expect.stringContaining("has no method ReadOutput"),
    });
    expect(calls).toEqual([]);
  });
});

test("without such an answer the server is not asked again", async () => {
  const reflection = reflecting(tells());
  const { client } = await asking(reflection);
  await client.getProcess(PROCESS);
  later(10 * MINUTE_MS);
  await client.getProcess(PROCESS);
  expect(reflection.streams).toBe(1);
});
