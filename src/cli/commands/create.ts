import type { Command } from "commander";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { about } from "../failure.js";
import { type SpecOptions, specOf, withSpec } from "../spec-options.js";
import { print, printJson } from "../stdio.js";

interface CreateOptions extends ConnectionOptions, SpecOptions {
  readonly json?: boolean;
}

/** `create`: a process that is started later. */
export function addCreate(program: Command): void {
  const command = program
    .command("create")
    .description("Create a process without starting it, and show its name.")
    .usage("[options] [--] COMMAND ARGS...");
  withSpec(command).option("--json", "write the process as JSON");
  withConnection(command).action(create);
}

async function create(command: string, args: string[], options: CreateOptions): Promise<void> {
  const spec = specOf(command, args, options);
  await withSession(options, async (session) => {
    const parent = session.parent();
    const creating = session.client.createProcess(parent, spec, { processId: options.id });
    const created = await about(parent, creating);
    await (options.json ? printJson(created) : print(`${created.name}\n`));
  });
}
