import { type Command, InvalidArgumentError } from "commander";
import { signalNumber } from "../../model/signals.js";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { eachProcess } from "../each-process.js";

interface SignalOptions extends ConnectionOptions {
  readonly signal: number;
}

/** `signal`: as kill(1), for the processes of an engine. */
export function addSignal(program: Command): void {
  const command = program
    .command("signal")
    .alias("kill")
    .description("Send a signal to processes. `stop` makes sure that they end.")
    .argument("<id...>", "their ids, or their names")
    .option("-s, --signal <signal>", "a Linux signal: TERM, SIGTERM or 15", parseSignal, 15);
  withConnection(command).action(signal);
}

async function signal(ids: string[], options: SignalOptions, command: Command): Promise<void> {
  await withSession(options, async (session) => {
    const send = (name: string) => session.client.sendSignal(name, options.signal);
    await eachProcess(command, session, ids, send);
  });
}

function parseSignal(text: string): number {
  const number = signalNumber(/^\d+$/.test(text) ? Number(text) : text.toUpperCase());
  if (number === undefined) {
    throw new InvalidArgumentError("It must be a Linux signal, such as TERM, SIGTERM or 15.");
  }
  return number;
}
