import { Command, CommanderError } from "commander";
import { VERSION } from "../model/version.js";
import { addCreate } from "./commands/create.js";
import { addDoctor } from "./commands/doctor.js";
import { addGet } from "./commands/get.js";
import { addList } from "./commands/list.js";
import { addLogs } from "./commands/logs.js";
import { addRun } from "./commands/run.js";
import { addServe } from "./commands/serve.js";
import { addSignal } from "./commands/signal.js";
import { addStart } from "./commands/start.js";
import { addStop } from "./commands/stop.js";
import { addWait } from "./commands/wait.js";
import { reportFailure, UsageError } from "./failure.js";
import { ignoreOutputErrors } from "./stdio.js";

/**
 * The commands, in the order in which the help shows them. A new one is a file in `commands` that
 * exports a function like these, and a line here.
 */
const COMMANDS: readonly ((program: Command) => void)[] = [
  addRun,
  addCreate,
  addStart,
  addList,
  addGet,
  addLogs,
  addWait,
  addSignal,
  addStop,
  addDoctor,
  addServe,
];

/** Runs a command line, without the program's own name, and returns its exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  ignoreOutputErrors();
  const program = createProgram();
  const command = commandOf(program, args);
  // A fault of our own must not look like the end of a process.
  process.on("uncaughtException", (error) => process.exit(reportFailure(error, command)));
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      return 0;
    }
    return reportFailure(placed(error, command), command);
  }
}

/** Options of a command that stand before its name are a common slip. */
function placed(error: unknown, command: Command | undefined): unknown {
  const isMisplaced =
    error instanceof CommanderError && error.code === "commander.unknownOption" && !command;
  return isMisplaced
    ? new UsageError(`${error.message.replace(/^error: /, "")}; options come after the command`)
    : error;
}

function createProgram(): Command {
  const program = new Command("aiem-process")
    .description(
      "Runs and follows processes in the SandboxEngines of H2O AI Engine Manager (AIEM).",
    )
    .version(VERSION, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    // The funnel tells of failures; it needs them as errors, not as text.
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      `
Exit codes:
  run, wait and logs --exit-code end as the process did (128 + n after signal
  n); 124: a --timeout was over; 125: aiem-process itself failed. Others: 0, 1,
  or 2 for wrong usage.

Which AIEM:
  --url, or AIEM_URL and AIEM_TOKEN, or what the H2O CLI is logged in to;
  --parent or AIEM_PARENT names the engine. None is needed to try it here:
  aiem-process run --local -- echo hello`,
    );
  for (const add of COMMANDS) {
    add(program);
  }
  addHelp(program);
  return program;
}

/** `help`. Commander's own takes a name that it does not know for none, and fails without a word. */
function addHelp(program: Command): void {
  program
    .command("help")
    .description("Show the help of a command.")
    .argument("[command]", "its name")
    .action((name: string | undefined) => {
      const command = name === undefined ? program : commandOf(program, [name]);
      if (command === undefined) {
        throw new UsageError(`unknown command '${name}'`);
      }
      command.outputHelp();
    });
}

/** The command that a command line begins with. */
function commandOf(program: Command, [name]: readonly string[]): Command | undefined {
  return program.commands.find(
    (command) => name !== undefined && [command.name(), ...command.aliases()].includes(name),
  );
}
