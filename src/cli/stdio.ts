import { styled } from "./text.js";

/**
 * Keeps a closed stdout or stderr from ending the program with a stack trace. Whoever writes learns of
 * it from the write.
 */
export function ignoreOutputErrors(): void {
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
}

/**
 * Writes, and resolves when that is handed on, so that nothing piles up behind a slow reader.
 *
 * @throws the error of the write: EPIPE where nobody reads any more.
 */
export async function write(stream: NodeJS.WriteStream, data: string | Uint8Array): Promise<void> {
  clearStatus();
  await new Promise<void>((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes to stdout, as `write` does. */
export async function print(data: string): Promise<void> {
  await write(process.stdout, data);
}

/** Writes a value to stdout as one line of JSON. */
export async function printJson(value: unknown): Promise<void> {
  await print(`${JSON.stringify(value)}\n`);
}

/** Writes a line to stderr. */
export function note(text: string): void {
  clearStatus();
  process.stderr.write(`${text}\n`);
}

/** Writes a line to stderr that is by the way: dim on a terminal. */
export function aside(text: string): void {
  note(styled("dim", text, process.stderr));
}

let isStatusShown = false;

/**
 * Shows a line on the terminal behind stderr that stays until the next one, or until anything else is
 * written by the functions here.
 */
export function showStatus(text: string): void {
  const width = Math.max(20, process.stderr.columns ?? 80) - 1;
  const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  isStatusShown = true;
  process.stderr.write(`\r\u001b[K${styled("dim", cut, process.stderr)}`);
}

/** Takes that line away. */
export function clearStatus(): void {
  if (isStatusShown) {
    isStatusShown = false;
    process.stderr.write("\r\u001b[K");
  }
}

/** How wide the terminal behind stdout is; undefined where there is none. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
