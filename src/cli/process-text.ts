import type { FinishedProcess, Process } from "../index.js";
import { ago, printable, span, styled, table } from "./text.js";

/** The titles of what `processRow` gives. */
export const TABLE_HEAD = ["ID", "STATE", "CREATED", "TOOK", "COMMAND"] as const;

/** A process as a row of a table. */
export function processRow(item: Process): string[] {
  return [
    item.name.split("/").at(-1) ?? item.name,
    stateText(item, process.stdout),
    item.createTime === undefined ? "-" : ago(item.createTime),
    tookText(item),
    commandText(item),
  ];
}

/** All that is known of a process, for people. Values of variables are left to JSON. */
export function processDetails(item: Process): string {
  const { startTime, endTime } = item;
  const names = Object.keys(item.environmentVariables).map(printable);
  const secrets = Object.entries(item.secretEnvironmentVariables);
  const rows: (readonly [string, string | undefined])[] = [
    ["Name", printable(item.name)],
    ["State", stateText(item, process.stdout)],
    ["Command", commandText(item)],
    ["Directory", printable(item.workingDirectory || "/")],
    ["Variables", names.length === 0 ? undefined : names.join(", ")],
    ...secrets.map(
      ([name, { secretVersion }]) => ["Secret", printable(`${name}=${secretVersion}`)] as const,
    ),
    ["Created", timeText(item.createTime)],
    ["Started", timeText(startTime)],
    ["Ended", timeText(endTime)],
    ["Took", startTime === undefined ? undefined : tookText(item)],
  ];
  const known = rows.flatMap(([title, text]) => (text === undefined ? [] : [[title, text]]));
  return table(known, undefined);
}

function timeText(time: Date | undefined): string | undefined {
  return time === undefined ? undefined : `${time.toISOString()} (${ago(time)})`;
}

/** The state as people say it, with the exit code where there is one. */
function stateText({ state, exitCode }: Process, stream: NodeJS.WriteStream): string {
  switch (state) {
    case "STATE_UNSPECIFIED":
      return "unknown";
    case "STATE_PENDING":
      return styled("yellow", "pending", stream);
    case "STATE_RUNNING":
      return styled("cyan", "running", stream);
    case "STATE_SUCCEEDED":
      return styled("green", "succeeded", stream);
    case "STATE_FAILED":
      return styled("red", exitCode === undefined ? "failed" : `failed (${exitCode})`, stream);
  }
}

/** How long it ran, or has been running. */
function tookText({ startTime, endTime }: Process): string {
  return startTime === undefined
    ? "-"
    : span((endTime?.getTime() ?? Date.now()) - startTime.getTime());
}

/** The exit code of whatever forwards it; a process that failed without one is a 1. */
export function exitCodeOf({ exitCode }: FinishedProcess): number {
  return exitCode ?? 1;
}

/** The command line, with quotes where a shell would need them. */
function commandText({ command, args }: Process): string {
  return [command, ...args].map(quoted).join(" ");
}

function quoted(word: string): string {
  const text = printable(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
