import type { Command } from "commander";
import { WaitTimeoutError } from "../../index.js";
import { type ConnectionOptions, withConnection, withSession } from "../connection.js";
import { eachProcess } from "../each-process.js";
import { CliError, EXIT, failureText } from "../failure.js";
import { parseDuration } from "../option-values.js";
import { exitCodeOf } from "../process-text.js";
import { print, printJson } from "../stdio.js";

interface WaitOptions extends ConnectionOptions {
  readonly timeout?: number;
  readonly json?: boolean;
}

/** `wait`: until processes end, and how they did. */
export function addWait(program: Command): void {
  const command = program
    .command("wait")
    .description("Wait until a process ends, and end as it did.")
    .argument("<id...>", "ids, or names; of several, a line `ID CODE` each is written")
    .option("--timeout <time>", "give up after 30, 30s or 5m, with code 124", parseDuration)
    .option("--json", "write JSON Lines: a process each, as they end");
  withConnection(command).action(wait);
}

async function wait(ids: string[], options: WaitOptions, command: Command): Promise<void> {
  await withSession(options, async (session) => {
    const { client, progress } = session;
    const [first = ""] = ids;
    const look = () => client.getProcess(session.name(first), { timeoutMs: 5_000 });
    progress.follow(look, "waiting for the end");
    const codes = await eachProcess(command, session, ids, async (name, id) => {
      const ended = await client
        .waitProcess(name, { timeoutMs: options.timeout })
        .catch((error) => {
          throw timedOut(name, error);
        });
      if (options.json) {
        await printJson(ended);
      } else if (ids.length > 1) {
        await print(`${id} ${exitCodeOf(ended)}\n`);
      }
      return exitCodeOf(ended);
    });
    if (codes.length === ids.length) {
      process.exitCode = ids.length === 1 ? codes[0] : Number(codes.some((code) => code !== 0));
    }
  });
}

function timedOut(name: string, error: unknown): unknown {
  if (!(error instanceof WaitTimeoutError)) {
    return error;
  }
  const { process, cause } = error;
  const unknown = cause === undefined ? "" : `: ${failureText(cause)}`;
  const what =
    process === undefined
      ? `its state is not known${unknown}`
      : process.state === "STATE_PENDING"
        ? "it is pending: `aiem-process start` starts it"
        : "it goes on";
  return new CliError(`${name}: has not ended within ${error.timeoutMs / 1_000} s; ${what}`, {
    exitCode: EXIT.timeout,
    cause,
  });
}
