import { dirname } from "node:path";
import type { OutputPosition, OutputStream, StreamPosition } from "../index.js";
import { CliError, errorCode, messageOf } from "./failure.js";

/** What the copy needs of a file system. A test gives one that loses what was not synced. */
export interface CopyFileSystem {
  open(path: string, flags: string): Promise<CopyFile>;
  stat(path: string): Promise<FileFacts>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  rename(from: string, to: string): Promise<void>;
}

/** What the copy needs of an open file, or folder. */
export interface CopyFile {
  stat(): Promise<FileFacts>;
  write(
    data: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What tells one file from another. */
export interface FileFacts {
  readonly size: number;
  readonly ino: number;
  readonly dev: number;
  isFile(): boolean;
}

/** How far a copy has come, as a resume file keeps it. */
export interface SavedCopy {
  /** The resource name of the process. */
  readonly name: string;
  /** Which of its streams are copied. */
  readonly stream: OutputStream;
  /** Who saved it: a random text, another one for each run of the program. */
  readonly run: string;
  /** How many bytes of the copy are on the disk for certain. */
  readonly length: number;
  /** What of the output these bytes are. */
  readonly position: OutputPosition;
}

const FORMAT = 1;
// Far more than one has. What is larger is something else, and may have no end, as /dev/zero.
const MAX_BYTES = 64 * 1024;

/**
 * Reads a resume file.
 *
 * @returns undefined where there is none.
 * @throws CliError if it is something else.
 */
export async function readResumeFile(
  fs: CopyFileSystem,
  path: string,
): Promise<SavedCopy | undefined> {
  let saved: SavedCopy | undefined;
  try {
    const facts = await fs.stat(path);
    const isLikely = facts.isFile() && facts.size <= MAX_BYTES;
    saved = isLikely ? parse(await fs.readFile(path, "utf8")) : undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw new CliError(`the resume file ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (saved === undefined) {
    throw new CliError(`${path} is no resume file of aiem-process; give another --resume-file`);
  }
  return saved;
}

/**
 * Saves how far a copy has come, so that after a crash of the machine there is either this or what was
 * saved before, whole. What the position stands for must be on the disk by then.
 *
 * @param copy the file that is copied to, whose folder must know it as well.
 * @throws CliError that names the file.
 */
export async function writeResumeFile(
  fs: CopyFileSystem,
  path: string,
  copy: string,
  saved: SavedCopy,
): Promise<void> {
  try {
    await replaceFile(fs, path, `${JSON.stringify({ format: FORMAT, ...saved })}\n`);
    await syncFolder(fs, dirname(path));
    if (dirname(copy) !== dirname(path)) {
      await syncFolder(fs, dirname(copy));
    }
  } catch (error) {
    throw new CliError(`the resume file ${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The file that a resume file is written to before it takes its place. */
export function temporaryFile(path: string): string {
  return `${path}.tmp`;
}

async function replaceFile(fs: CopyFileSystem, path: string, text: string): Promise<void> {
  const temporary = temporaryFile(path);
  const file = await fs.open(temporary, "w");
  try {
    await writeAll(file, new TextEncoder().encode(text), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(temporary, path);
}

/** Writes all of the data, however many writes that takes. */
export async function writeAll(file: CopyFile, data: Uint8Array, position: number): Promise<void> {
  let at = 0;
  while (at < data.length) {
    const { bytesWritten } = await file.write(data, at, data.length - at, position + at);
    at += bytesWritten;
  }
}

async function syncFolder(fs: CopyFileSystem, path: string): Promise<void> {
  if (process.platform === "win32") {
    // Windows opens no folders, and keeps renames in its journal.
    return;
  }
  const folder = await fs.open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function parse(text: string): SavedCopy | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value["format"] !== FORMAT) {
    return undefined;
  }
  const { name, stream, run, length, position } = value;
  if (
    typeof name !== "string" ||
    !isStream(stream) ||
    typeof run !== "string" ||
    !isCount(length) ||
    !isObject(position)
  ) {
    return undefined;
  }
  const { stdout, stderr } = position;
  return isPosition(stdout) && isPosition(stderr)
    ? { name, stream, run, length, position: { stdout, stderr } }
    : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isPosition(value: unknown): value is StreamPosition {
  return isObject(value) && isCount(value["bytes"]) && isCount(value["crc32"]);
}

function isStream(value: unknown): value is OutputStream {
  return (
    value === "OUTPUT_STREAM_STDOUT" ||
    value === "OUTPUT_STREAM_STDERR" ||
    value === "OUTPUT_STREAM_COMBINED"
  );
}
