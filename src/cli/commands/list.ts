import { type Command, InvalidArgumentError } from "commander";
import type { Process, ProcessFilter } from "../../index.js";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { about } from "../failure.js";
import { parseCount } from "../option-values.js";
import { processRow, TABLE_HEAD } from "../process-text.js";
import { print, printJson, terminalWidth } from "../stdio.js";
import { styled, table } from "../text.js";

interface ListOptions extends ConnectionOptions {
  readonly state?: ProcessFilter;
  readonly number: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `list`: the processes of an engine. */
export function addList(program: Command): void {
  const command = program
    .command("list")
    .aliases(["ls", "ps"])
    .description("List the processes of an engine, newest first.")
    .option("--state <state>", "pending, running, succeeded or failed only", parseState)
    .option("-n, --number <count>", "how many", parseCount, 50)
    .option("-q, --quiet", "show the ids only")
    .option("--json", "write JSON Lines: a process each");
  withConnection(command).action(list);
}

async function list({ state, number, json, quiet, ...options }: ListOptions): Promise<void> {
  await withSession(options, async ({ client, parent }) => {
    const engine = parent();
    const processes: Process[] = [];
    const pageSize = Math.min(number, 1_000);
    const all = client.listAllProcesses(engine, { filter: state, pageSize });
    await about(engine, take(all, number, processes));
    if (json) {
      for (const process of processes) {
        await printJson(process);
      }
    } else if (quiet) {
      await print(processes.map(({ name }) => `${name.split("/").at(-1)}\n`).join(""));
    } else {
      const head = TABLE_HEAD.map((title) => styled("bold", title, process.stdout));
      await print(table([head, ...processes.map((item) => processRow(item))], terminalWidth()));
    }
  });
}

async function take(
  all: AsyncIterable<Process, void, undefined>,
  number: number,
  into: Process[],
): Promise<void> {
  for await (const process of all) {
    into.push(process);
    if (into.length >= number) {
      return;
    }
  }
}

const STATES = ["PENDING", "RUNNING", "SUCCEEDED", "FAILED"] as const;

function parseState(text: string): ProcessFilter {
  const name = text.toUpperCase().replace(/^STATE_/, "");
  const state = STATES.find((known) => known === name);
  if (state === undefined) {
    throw new InvalidArgumentError("It must be pending, running, succeeded or failed.");
  }
  return `state = STATE_${state}`;
}
