import { expect } from "vitest";
import type { Answer } from "./answers.js";
import { exchanges, moves, type PermutedContract } from "./permuted-contracts.js";

// docs/transports.md, "Field and enum numbers", tells both counts, and what the second one is of: only
// streams, times, how a process ended, and what it was made of where nobody knows it.
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

/** The calls that were told wrong without an error. */
export function wrong(answers: readonly Answer[]): string[] {
  return answers.filter(({ verdict }) => verdict === "wrong").map(({ call }) => call);
}

/**
 * Asks a server of each single exchange and move of numbers, some of them at the same time.
 *
 * @throws an assertion error unless those are told wrong that the documents name.
 */
export async function expectSilent(
  answers: (change: PermutedContract) => Promise<readonly Answer[]>,
  atOnce: number,
): Promise<void> {
  const changes = [...exchanges(), ...moves()];
  expect(changes).toHaveLength(CHANGES);
  const silent = new Map<string, string[]>();
  const askOneByOne = async () => {
    for (let change = changes.pop(); change; change = changes.pop()) {
      const calls = wrong(await answers(change));
      if (calls.length > 0) {
        silent.set(change.title, calls);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askOneByOne));
  const shown = [...silent].map(([title, calls]) => `${title}: ${calls.join(", ")}`).join("\n");
  expect([...silent.keys()].sort(), shown).toEqual(SILENT);
}
