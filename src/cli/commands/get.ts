import type { Command } from "commander";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { eachProcess } from "../each-process.js";
import { processDetails } from "../process-text.js";
import { print, printJson } from "../stdio.js";

interface GetOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** `get`: all that is known of processes. */
export function addGet(program: Command): void {
  const command = program
    .command("get")
    .description("Show what is known of processes.")
    .argument("<id...>", "their ids, or their names")
    .option("--json", "write JSON Lines: a process each, with the values of its variables");
  withConnection(command).action(get);
}

async function get(ids: string[], options: GetOptions, command: Command): Promise<void> {
  await withSession(options, async (session) => {
    const get = (name: string) => session.client.getProcess(name);
    const found = await eachProcess(command, session, ids, get);
    if (options.json) {
      for (const item of found) {
        await printJson(item);
      }
    } else {
      await print(found.map(processDetails).join("\n"));
    }
  });
}
