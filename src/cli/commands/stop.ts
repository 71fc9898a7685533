import { type Command, Option } from "commander";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { eachProcess } from "../each-process.js";
import { parseDuration } from "../option-values.js";

interface StopOptions extends ConnectionOptions {
  readonly grace: number;
}

/** `stop`: TERM, a grace, KILL, and the confirmed end. */
export function addStop(program: Command): void {
  const command = program
    .command("stop")
    .description("End processes: TERM, a grace, KILL. It returns when they have ended.")
    .argument("<id...>", "their ids, or their names")
    .addOption(
      new Option("--grace <time>", "how long from TERM to KILL")
        .argParser(parseDuration)
        .default(10_000, "10s"),
    );
  withConnection(command).action(stop);
}

async function stop(ids: string[], options: StopOptions, command: Command): Promise<void> {
  await withSession(options, async (session) => {
    const end = (name: string) => session.client.terminateProcess(name, { graceMs: options.grace });
    await eachProcess(command, session, ids, end);
  });
}
