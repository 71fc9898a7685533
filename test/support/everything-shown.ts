import { inspect } from "node:util";

/** All that a program's logs can show of an error: each text of it, and of its causes. */
export function everythingShown(error: unknown): string {
  const shown: string[] = [];
  const seen = new Set<unknown>();
  for (let current = error; current !== undefined && !seen.has(current); ) {
    seen.add(current);
    shown.push(String(current), inspect(current, { depth: Number.POSITIVE_INFINITY }));
    shown.push(JSON.stringify(current) ?? "");
    if (!(current instanceof Error)) {
      break;
    }
    shown.push(current.message, current.stack ?? "");
    current = current.cause;
  }
  return shown.join("\n");
}
