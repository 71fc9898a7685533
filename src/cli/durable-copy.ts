import { randomUUID } from "node:crypto";
import { crc32 } from "node:zlib";
import type { OutputChunk, OutputPosition, OutputStream, ProcessClient } from "../index.js";
import { CliError, errorCode, messageOf } from "./failure.js";
import {
  type CopyFile,
  type CopyFileSystem,
  readResumeFile,
  type SavedCopy,
  writeAll,
  writeResumeFile,
} from "./resume-file.js";

const SAVE_EVERY_BYTES = 1024 * 1024;
const SAVE_EVERY_MS = 1_000;
// Chunks may be small; a write each would be slow.
const WRITE_BYTES = 256 * 1024;

const START: OutputPosition = {
  stdout: { bytes: 0, crc32: 0 },
  stderr: { bytes: 0, crc32: 0 },
};

/** What is to be copied, and where to. */
export interface DurableCopyOptions {
  readonly client: Pick<ProcessClient, "streamOutput">;
  /** The resource name of the process. */
  readonly name: string;
  readonly stream: OutputStream;
  /** The file that gets the output. */
  readonly output: string;
  /** The file that keeps how far it has come. */
  readonly resumeFile: string;
  /** Ends the copy after it was saved. */
  readonly signal: AbortSignal;
  readonly fs: CopyFileSystem;
  /** Is told of each chunk that has come. */
  readonly onOutput?: () => void;
}

/**
 * Copies the output of a process into a file, to its end, so that each byte of each stream is there
 * exactly once, however often this program or the machine crashes in between and the copy is begun
 * again with the same files.
 *
 * A byte counts once it is on the disk and a position that includes it is as well, in that order. What
 * the file has beyond the saved position is cut off at the next start, and comes again.
 *
 * @returns how many bytes the file has.
 * @throws CliError where the files do not fit, or something else writes to them; the reason of the
 *   signal; what `streamOutput` throws. What had come until then is saved.
 */
export async function durableCopy(options: DurableCopyOptions): Promise<number> {
  const copy = await DurableCopy.open(options);
  try {
    await copy.toEnd();
    return copy.length;
  } finally {
    await copy.close();
  }
}

class DurableCopy {
  readonly #options: DurableCopyOptions;
  readonly #file: CopyFile;
  readonly #run = randomUUID();
  // What is written, and what of the output that is; and the same of what is saved.
  #length: number;
  #position: OutputPosition;
  #savedLength: number;
  #savedPosition: OutputPosition;
  // What has come since, and the position after it. Counted here, in step with what waits: that of the
  // output is one chunk ahead for a moment.
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #received: OutputPosition;
  // One after another: a save by the clock may meet one of the loop.
  #work: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  private constructor(options: DurableCopyOptions, file: CopyFile, saved: SavedCopy | undefined) {
    this.#options = options;
    this.#file = file;
    this.#length = saved?.length ?? 0;
    this.#position = saved?.position ?? START;
    this.#received = this.#position;
    this.#savedLength = this.#length;
    this.#savedPosition = this.#position;
  }

  /** How many bytes are in the file. */
  get length(): number {
    return this.#length;
  }

  static async open(options: DurableCopyOptions): Promise<DurableCopy> {
    const { fs, name, stream, output, resumeFile } = options;
    const saved = await readResumeFile(fs, resumeFile);
    if (saved && (saved.name !== name || saved.stream !== stream)) {
      throw new CliError(
        `the resume file ${resumeFile} belongs to ${saved.stream} of ${saved.name}, not to ${stream} of ${name}`,
      );
    }
    const file = await openOutput(fs, output);
    try {
      await checkFits(file, output, resumeFile, saved);
      const copy = new DurableCopy(options, file, saved);
      // Before the first byte, so that a crash leaves no bytes without a position; and before anything
      // is cut off, so that another program that writes to the same files ends.
      await copy.#write();
      await file.truncate(copy.length);
      return copy;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async toEnd(): Promise<void> {
    const { client, name, signal, onOutput } = this.#options;
    const abort = new AbortController();
    const stop = () => abort.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const output = client.streamOutput(name, {
      resumeFrom: this.#position,
      verifyEnd: "replay",
      signal: abort.signal,
    });
    const timer = setInterval(() => {
      this.#save().catch((error) => abort.abort(error));
    }, SAVE_EVERY_MS);
    try {
      if (signal.aborted) {
        stop();
      }
      for await (const chunk of output) {
        onOutput?.();
        this.#take(chunk);
        if (this.#waitingBytes >= WRITE_BYTES) {
          await this.#next(() => this.#writeWaiting());
        }
        if (this.#length - this.#savedLength >= SAVE_EVERY_BYTES) {
          await this.#save();
        }
      }
    } finally {
      clearInterval(timer);
      signal.removeEventListener("abort", stop);
      // Whatever ended it: what has come is not asked for again.
      await this.#save();
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #take({ stream, data }: OutputChunk): void {
    const { stream: wanted } = this.#options;
    const key = stream === "OUTPUT_STREAM_STDERR" ? "stderr" : "stdout";
    const before = this.#received[key];
    const after = { bytes: before.bytes + data.length, crc32: crc32(data, before.crc32) };
    this.#received = { ...this.#received, [key]: after };
    if (wanted === "OUTPUT_STREAM_COMBINED" || wanted === stream) {
      this.#waiting.push(data);
      this.#waitingBytes += data.length;
    }
  }

  /** Writes what has come, and saves the position after it. */
  #save(): Promise<void> {
    return this.#next(async () => {
      await this.#writeWaiting();
      // A stream that is not copied moves the position, too.
      if (!isSame(this.#position, this.#savedPosition)) {
        await this.#checkOwner();
        await this.#write();
      }
    });
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(async () => {
      if (this.#failure) {
        throw this.#failure.error;
      }
      try {
        await work();
      } catch (cause) {
        const { output } = this.#options;
        const text = `the copy to ${output} failed: ${messageOf(cause)}`;
        const error = cause instanceof CliError ? cause : new CliError(text, { cause });
        // After one failure nothing is known of the files.
        this.#failure = { error };
        throw error;
      }
    });
    const done = this.#work;
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #writeWaiting(): Promise<void> {
    const after = this.#received;
    const data = joined(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (data.length > 0) {
      await this.#checkOwner();
      await writeAll(this.#file, data, this.#length);
      this.#length += data.length;
    }
    this.#position = after;
  }

  async #write(): Promise<void> {
    const { fs, name, stream, output, resumeFile } = this.#options;
    const saved = {
      name,
      stream,
      run: this.#run,
      length: this.#length,
      position: this.#position,
    };
    await this.#file.datasync();
    await writeResumeFile(fs, resumeFile, output, saved);
    this.#savedLength = saved.length;
    this.#savedPosition = saved.position;
  }

  /** Two programs that write to one file would destroy it, each unaware of the other. */
  async #checkOwner(): Promise<void> {
    const { fs, output, resumeFile } = this.#options;
    const saved = await readResumeFile(fs, resumeFile);
    const { size, ino, dev } = await this.#file.stat();
    const isOurs = saved?.run === this.#run && size === this.#length;
    if (!isOurs || !(await isFileAt(fs, output, { ino, dev }))) {
      throw new CliError(
        `${output} or ${resumeFile} was changed by something else, such as another copy to the same files; end it, and begin again`,
      );
    }
  }
}

async function openOutput(fs: CopyFileSystem, output: string): Promise<CopyFile> {
  try {
    return await fs.open(output, "r+").catch((error) => {
      if (errorCode(error) === "ENOENT") {
        return fs.open(output, "wx+");
      }
      throw error;
    });
  } catch (error) {
    throw new CliError(`--output ${output} cannot be opened: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Refuses a file that cannot be the one that the position is of. */
async function checkFits(
  file: CopyFile,
  output: string,
  resumeFile: string,
  saved: SavedCopy | undefined,
): Promise<void> {
  const facts = await file.stat();
  if (!facts.isFile()) {
    throw new CliError(`--output ${output} must be a regular file`);
  }
  if (saved === undefined && facts.size > 0) {
    throw new CliError(
      `--output ${output} is not empty, and there is no position for it: ${resumeFile} does not exist; name another file`,
    );
  }
  const length = saved?.length ?? 0;
  if (facts.size < length) {
    throw new CliError(
      `--output ${output} has ${facts.size} bytes, fewer than the ${length} that ${resumeFile} tells of: it was changed; begin anew with other files`,
    );
  }
}

async function isFileAt(
  fs: CopyFileSystem,
  path: string,
  { ino, dev }: { readonly ino: number; readonly dev: number },
): Promise<boolean> {
  try {
    const facts = await fs.stat(path);
    return facts.ino === ino && facts.dev === dev;
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return false;
    }
    throw error;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

function isSame(a: OutputPosition, b: OutputPosition): boolean {
  return a.stdout.bytes === b.stdout.bytes && a.stderr.bytes === b.stderr.bytes;
}
