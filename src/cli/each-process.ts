import type { Command } from "commander";
import type { Session } from "./connection.js";
import { about, EXIT, reportFailure } from "./failure.js";

/**
 * Does something with several processes at once. One that fails does not keep the others from it: each
 * failure is told, and the exit code is that of the first.
 *
 * @returns what came of those that did not fail, in the order of the ids.
 */
export async function eachProcess<T>(
  command: Command,
  session: Session,
  ids: readonly string[],
  use: (name: string, id: string) => Promise<T>,
): Promise<T[]> {
  const names = ids.map((id) => ({ id, name: session.name(id) }));
  const results = await Promise.allSettled(names.map(({ id, name }) => about(name, use(name, id))));
  const values: T[] = [];
  let code: number | undefined;
  for (const result of results) {
    if (result.status === "fulfilled") {
      values.push(result.value);
    } else if (code !== EXIT.closedOutput) {
      const own = reportFailure(result.reason, command);
      code ??= own;
    }
  }
  process.exitCode = code ?? process.exitCode;
  return values;
}
