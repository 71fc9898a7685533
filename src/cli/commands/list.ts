import { type Command, InvalidArgumentError } from "commander";
import type { Process, ProcessFilter } from "../../index.js";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { about } from "../failure.js";
import { parseCount } from "../option-values.js";
import { processRow, TABLE_HEAD } from "../process-text.js";
import { aside, print, printJson, terminalWidth } from "../stdio.js";
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

async function list(options: ListOptions, command: Command): Promise<void> {
  const { state, number, json, quiet } = options;
  await withSession(options, async ({ client, parent }) => {
    const engine = parent();
    // One more than is shown tells whether there are more.
    const count = number + 1;
    const pageSize = Math.min(count, 1_000);
    const all = client.listAllProcesses(engine, { filter: state, pageSize });
    const found = await about(engine, take(all, count));
    const processes = found.slice(0, number);
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
    if (found.length > number && command.getOptionValueSource("number") === "default") {
      aside(`there are more than ${number}: -n shows more`);
    }
  });
}

async function take(
  all: AsyncIterable<Process, void, undefined>,
  count: number,
): Promise<readonly Process[]> {
  const taken: Process[] = [];
  for await (const process of all) {
    taken.push(process);
    if (taken.length >= count) {
      break;
    }
  }
  return taken;
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
