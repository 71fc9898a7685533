import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { defineCoreSuite } from "../contract/core-suite.js";
import { type Answer, Truth } from "./support/answers.js";
import { type GrpcGoOptions, grpcGoTarget, startGrpcGo } from "./support/grpc-go-target.js";
import { exchanges, moves, VARIANTS } from "./support/permuted-contracts.js";

const found = inject("grpcGo");
const program = "server" in found ? found.server : "";
// The title takes the reason into the report, from which the last lines of a run are made.
const untested = "missing" in found ? ` (not tested: ${found.missing})` : "";

// An answer's bytes do not tell which stream they are of.
const UNSEEN: Readonly<Record<string, readonly string[]>> = {
  "enum values reversed": ["readOutput of STDOUT", "readOutput of COMBINED"],
};
// What docs/transports.md tells: the changes that no check sees, by what they let through. Only streams,
// times, and what a process was made of where nobody knows it.
const CHANGES = 139;
const SILENT = [
  "OutputStream: OUTPUT_STREAM_COMBINED moved to 4",
  "OutputStream: OUTPUT_STREAM_STDERR and OUTPUT_STREAM_COMBINED exchanged",
  "OutputStream: OUTPUT_STREAM_STDERR moved to 4",
  "OutputStream: OUTPUT_STREAM_STDOUT and OUTPUT_STREAM_COMBINED exchanged",
  "OutputStream: OUTPUT_STREAM_STDOUT and OUTPUT_STREAM_STDERR exchanged",
  "OutputStream: OUTPUT_STREAM_UNSPECIFIED and OUTPUT_STREAM_COMBINED exchanged",
  "OutputStream: OUTPUT_STREAM_UNSPECIFIED and OUTPUT_STREAM_STDERR exchanged",
  "Process.State: STATE_SUCCEEDED and STATE_FAILED exchanged",
  "Process: command and args exchanged",
  "Process: command and working_directory exchanged",
  "Process: create_time and end_time exchanged",
  "Process: create_time and start_time exchanged",
  "Process: start_time and end_time exchanged",
  "ReadOutputRequest: output_stream moved to 3",
  "StreamOutputRequest: skip_replay moved to 3",
];
const AT_ONCE = 6;

describe.skipIf("missing" in found)(`a server on grpc-go with other numbers${untested}`, () => {
  let truth: Truth;

  beforeAll(async () => {
    truth = await Truth.prepare();
  });

  afterAll(() => truth?.[Symbol.asyncDispose]());

  async function answers(options: GrpcGoOptions) {
    const { stub } = truth;
    await using server = await startGrpcGo(program, new URL(stub.url).host, options);
    const connection = { aiemUrl: server.url, tokenProvider: stub.token };
    await using client = new ProcessClient(connection, { protocol: "grpc" });
    return await truth.answers(client);
  }

  test("tells the truth where its numbers are ours", async () => {
    const told = await answers({});
    // A process that runs is waited for until the limit, which is an error.
    expect(told.filter(({ verdict }) => verdict !== "right")).toMatchObject([
      { call: "waitProcess of one that runs", error: { name: "WaitTimeoutError" } },
    ]);
  });

  describe.each(VARIANTS)("$title", ({ title, descriptorSet }) => {
    defineCoreSuite(
      grpcGoTarget(program, `told by reflection: ${title}`, { descriptorSet, reflection: true }),
    );

    test("is refused where nobody tells, and is never told wrong", async () => {
      const told = await answers({ descriptorSet });
      expect(wrong(told)).toEqual(UNSEEN[title] ?? []);
      expect(told.filter(({ verdict }) => verdict === "refused").length).toBeGreaterThan(1);
    });
  });

  test("of single exchanges and moves, those are told wrong that the documents name", async () => {
    const changes = [...exchanges(), ...moves()];
    const count = changes.length;
    const silent: string[] = [];
    const askOneByOne = async () => {
      for (let change = changes.pop(); change; change = changes.pop()) {
        const told = wrong(await answers(change));
        if (told.length > 0) {
          silent.push(change.title);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askOneByOne));
    expect(count).toBe(CHANGES);
    expect(silent.sort()).toEqual(SILENT);
  }, 180_000);
});

function wrong(answers: readonly Answer[]): string[] {
  return answers.filter(({ verdict }) => verdict === "wrong").map(({ call }) => call);
}
