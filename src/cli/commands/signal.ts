import { type Command, InvalidArgumentError } from "commander";
import { signalNumber } from "../../model/signals.js";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { eachProcess } from "../each-process.js";
import { UsageError } from "../failure.js";

const DEFAULT_SIGNAL = 15;

interface SignalOptions extends ConnectionOptions {
  readonly signal?: number;
}

/** `signal`: as kill(1), for the processes of an engine. */
export function addSignal(program: Command): void {
  const command = program
    .command("signal")
    .alias("kill")
    .description("Send a signal to processes. `stop` makes sure that they end.")
    .argument("<id...>", "their ids, or their names")
    .option("-s, --signal <signal>", "TERM, SIGTERM or 15, the default; or -TERM, -15", parseSignal)
    // As kill(1) takes them: -9, -KILL.
    .allowUnknownOption();
  withConnection(command).action(signal);
}

async function signal(args: string[], options: SignalOptions, command: Command): Promise<void> {
  const { ids, number } = split(args, options.signal);
  await withSession(options, async (session) => {
    const send = (name: string) => session.client.sendSignal(name, number);
    await eachProcess(command, session, ids, send);
  });
}

/** Tells a signal that stands before the ids, as `-9` or `-KILL`, from these. */
function split(args: readonly string[], given: number | undefined) {
  const [first = "", ...rest] = args;
  const short = given === undefined && first.startsWith("-") ? signalOf(first.slice(1)) : undefined;
  const ids = short === undefined ? args : rest;
  const option = ids.find((id) => id.startsWith("-"));
  if (option !== undefined) {
    throw new UsageError(`unknown option '${option}'`);
  }
  if (ids.length === 0) {
    throw new UsageError("missing required argument 'id'");
  }
  return { ids, number: short ?? given ?? DEFAULT_SIGNAL };
}

function signalOf(text: string): number | undefined {
  return signalNumber(/^\d+$/.test(text) ? Number(text) : text.toUpperCase());
}

function parseSignal(text: string): number {
  const number = signalOf(text);
  if (number === undefined) {
    throw new InvalidArgumentError("It must be a Linux signal, such as TERM, SIGTERM or 15.");
  }
  return number;
}
