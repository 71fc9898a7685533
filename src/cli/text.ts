import { stripVTControlCharacters, styleText } from "node:util";

// Control characters, and those that turn the direction of text around: what a process is called
// must not be able to steer the terminal, or to look like something else.
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text of others', as one line that a terminal can show. */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

type Style = Parameters<typeof styleText>[0];

/** A text in colour, on a terminal only, and not where `NO_COLOR` is set. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return styleText(style, text, { stream });
}

/**
 * Rows as aligned columns, for people. The last column is not padded, and cut at the width of the
 * terminal.
 *
 * @param width undefined where there is no terminal: nothing is cut then.
 */
export function table(rows: readonly (readonly string[])[], width: number | undefined): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, shownLength(cell));
    }
  }
  return rows.map((row) => `${cut(line(row, widths), width)}\n`).join("");
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => {
      const isLast = column === row.length - 1;
      return isLast ? cell : cell + " ".repeat((widths[column] ?? 0) - shownLength(cell) + 2);
    })
    .join("");
}

// Colours stand in the middle columns, never in the last one, which is what is cut.
function cut(text: string, width: number | undefined): string {
  const over = width === undefined ? 0 : shownLength(text) - width;
  return over > 0 ? `${text.slice(0, text.length - over - 1)}…` : text;
}

function shownLength(text: string): number {
  return stripVTControlCharacters(text).length;
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** How long ago something was, such as `5 minutes ago`. */
export function ago(time: Date, now = Date.now()): string {
  const seconds = Math.max(0, Math.floor((now - time.getTime()) / 1_000));
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length);
    if (count > 0) {
      return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
    }
  }
  return "just now";
}

/** How long something took, such as `1h 5m` or `0.4s`. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1_000;
  if (seconds < 60) {
    return `${seconds < 10 ? seconds.toFixed(1) : Math.floor(seconds)}s`;
  }
  const [big, small, length] =
    seconds < 3_600 ? ["m", "s", 60] : seconds < 86_400 ? ["h", "m", 3_600] : ["d", "h", 86_400];
  const rest = Math.floor((seconds % length) / (length === 86_400 ? 3_600 : length / 60));
  return `${Math.floor(seconds / length)}${big} ${rest}${small}`;
}
