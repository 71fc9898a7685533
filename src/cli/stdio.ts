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
 * Writes to stdout, and resolves when that is handed on, so that nothing piles up behind a slow
 * reader.
 *
 * @throws the error of the write: EPIPE where nobody reads any more.
 */
export async function print(data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes a value to stdout as one line of JSON. */
export async function printJson(value: unknown): Promise<void> {
  await print(`${JSON.stringify(value)}\n`);
}

/** Writes a line to stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Writes a line to stderr that is by the way: dim on a terminal. */
export function aside(text: string): void {
  note(styled("dim", text, process.stderr));
}

/** How wide the terminal behind stdout is; undefined where there is none. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
