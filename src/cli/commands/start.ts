import type { Command } from "commander";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { eachProcess } from "../each-process.js";
import { print, printJson } from "../stdio.js";

interface StartOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** `start`: processes that were created without being started. */
export function addStart(program: Command): void {
  const command = program
    .command("start")
    .description("Start processes that are pending.")
    .argument("<id...>", "their ids, or their names")
    .option("--json", "write JSON Lines: a process each");
  withConnection(command).action(start);
}

async function start(ids: string[], options: StartOptions, command: Command): Promise<void> {
  await withSession(options, async (session) => {
    const start = (name: string) => session.client.startProcess(name);
    for (const started of await eachProcess(command, session, ids, start)) {
      await (options.json ? printJson(started) : print(`${started.name}\n`));
    }
  });
}
