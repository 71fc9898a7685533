import { afterAll, beforeAll, expect, test } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { type Answer, Truth } from "../../polyglot/support/answers.js";
import { exchanges, moves } from "../../polyglot/support/permuted-contracts.js";
import { type ChangedServer, startChangedServer } from "./support/changed-server.js";

// docs/transports.md, "Field and enum numbers", tells both counts, and what the second one is of.
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
const AT_ONCE = 16;

let truth: Truth;
let server: ChangedServer;

beforeAll(async () => {
  truth = await Truth.prepare();
  server = await startChangedServer(truth.stub.url);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await truth?.[Symbol.asyncDispose]();
});

async function answers(descriptorSet: Uint8Array): Promise<Answer[]> {
  const connection = { aiemUrl: server.urlOf(descriptorSet), tokenProvider: truth.stub.token };
  await using client = new ProcessClient(connection, { protocol: "grpc" });
  return await truth.answers(client);
}

test("of all single exchanges and moves of numbers, those of the documents are told wrong", async () => {
  const changes = [...exchanges(), ...moves()];
  expect(changes).toHaveLength(CHANGES);
  const wrong = new Map<string, string[]>();
  const askOneByOne = async () => {
    for (let change = changes.pop(); change; change = changes.pop()) {
      const told = await answers(change.descriptorSet);
      const calls = told.filter(({ verdict }) => verdict === "wrong").map(({ call }) => call);
      if (calls.length > 0) {
        wrong.set(change.title, calls);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askOneByOne));
  const shown = [...wrong].map(([title, calls]) => `${title}: ${calls.join(", ")}`).join("\n");
  expect([...wrong.keys()].sort(), shown).toEqual(SILENT);
}, 300_000);
