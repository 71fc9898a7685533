import { dirname } from "node:path";
import type { CopyFile, CopyFileSystem, FileFacts } from "../../../src/cli/resume-file.js";

/** The machine has crashed: nothing works any more. */
export class Crash extends Error {}

/** A write or a cut that may not be on the disk yet. */
type Change = { readonly at: number; readonly data: Uint8Array } | { readonly cutTo: number };

interface Inode {
  readonly ino: number;
  /** What readers see. */
  now: Buffer;
  /** What is on the disk for certain. */
  synced: Buffer;
  /** What leads from the one to the other. */
  changes: Change[];
}

/**
 * A file system in memory that keeps for certain only what was synced, files and folders each by
 * themselves, as POSIX has it. After a crash any part of the rest is there, or is not.
 */
export class LosingFileSystem implements CopyFileSystem {
  /** How many operations there were. */
  operations = 0;
  readonly #crashAt: number;
  readonly #random: () => number;
  // By path: what readers see, and what is on the disk for certain.
  readonly #now = new Map<string, Inode>();
  readonly #synced = new Map<string, Inode>();
  #inodes = 0;

  /**
   * @param crashAt the operation that the machine crashes in, from 1.
   * @param random from 0 to 1.
   */
  constructor(crashAt: number, random: () => number) {
    this.#crashAt = crashAt;
    this.#random = random;
  }

  async open(path: string, flags: string): Promise<CopyFile> {
    const open = () => {
      const found = this.#now.get(path);
      if (flags === "r" && !found && [...this.#now.keys()].some((file) => dirname(file) === path)) {
        return this.#folder(path);
      }
      if (found && flags === "wx+") {
        throw Object.assign(new Error(`EEXIST: ${path}`), { code: "EEXIST" });
      }
      if (!found && flags.startsWith("r")) {
        throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
      }
      const inode = found ?? this.#create(path);
      if (flags === "w") {
        this.#change(inode, { cutTo: 0 });
      }
      return this.#file(inode);
    };
    return await this.#operation(open);
  }

  async stat(path: string): Promise<FileFacts> {
    return await this.#operation(() => {
      const { ino, now } = this.#found(path);
      return facts(ino, now.length, true);
    });
  }

  async readFile(path: string): Promise<string> {
    return await this.#operation(() => this.#found(path).now.toString("utf8"));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#operation(() => {
      const inode = this.#now.get(from);
      if (!inode) {
        throw new Error(`ENOENT: ${from}`);
      }
      this.#now.delete(from);
      this.#now.set(to, inode);
    });
  }

  /** What a file has; undefined where there is none. */
  contentOf(path: string): Buffer | undefined {
    return this.#now.get(path)?.now;
  }

  /** The file system that is found when the machine is up again. */
  recovered(crashAt = Number.POSITIVE_INFINITY): LosingFileSystem {
    const next = new LosingFileSystem(crashAt, this.#random);
    const kept = new Map<Inode, Inode>();
    for (const path of new Set([...this.#now.keys(), ...this.#synced.keys()])) {
      const inode = (this.#random() < 0.5 ? this.#now : this.#synced).get(path);
      if (inode) {
        const own = kept.get(inode) ?? this.#afterCrash(inode);
        kept.set(inode, own);
        next.#now.set(path, own);
        next.#synced.set(path, own);
      }
    }
    next.#inodes = this.#inodes;
    return next;
  }

  #found(path: string): Inode {
    const found = this.#now.get(path);
    if (!found) {
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    }
    return found;
  }

  #afterCrash({ ino, synced, changes }: Inode): Inode {
    let content = Buffer.from(synced);
    const all = this.#random() < 0.3;
    for (const change of changes) {
      if (all || this.#random() < 0.5) {
        content = applied(content, change);
      }
    }
    return { ino, now: content, synced: content, changes: [] };
  }

  #create(path: string): Inode {
    this.#inodes += 1;
    const empty = Buffer.alloc(0);
    const inode = { ino: this.#inodes, now: empty, synced: empty, changes: [] };
    this.#now.set(path, inode);
    return inode;
  }

  #change(inode: Inode, change: Change): void {
    inode.now = applied(inode.now, change);
    inode.changes.push(change);
  }

  #file(inode: Inode): CopyFile {
    const sync = async () =>
      await this.#operation(() => {
        inode.synced = inode.now;
        inode.changes = [];
      });
    return {
      stat: async () => await this.#operation(() => facts(inode.ino, inode.now.length, true)),
      write: async (data, offset, length, position) =>
        await this.#operation(() => {
          // A write may be a short one.
          const bytesWritten = this.#random() < 0.1 ? Math.ceil(length / 2) : length;
          const part = Uint8Array.from(data.subarray(offset, offset + bytesWritten));
          this.#change(inode, { at: position, data: part });
          return { bytesWritten };
        }),
      truncate: async (length) =>
        await this.#operation(() => this.#change(inode, { cutTo: length })),
      datasync: sync,
      sync,
      close: async () => undefined,
    };
  }

  #folder(path: string): CopyFile {
    const no = () => Promise.reject(new Error("EISDIR"));
    return {
      stat: async () => await this.#operation(() => facts(0, 0, false)),
      write: no,
      truncate: no,
      datasync: no,
      sync: async () =>
        await this.#operation(() => {
          for (const file of new Set([...this.#now.keys(), ...this.#synced.keys()])) {
            if (dirname(file) === path) {
              const inode = this.#now.get(file);
              if (inode) {
                this.#synced.set(file, inode);
              } else {
                this.#synced.delete(file);
              }
            }
          }
        }),
      close: async () => undefined,
    };
  }

  async #operation<T>(work: () => T): Promise<T> {
    await Promise.resolve();
    this.operations += 1;
    if (this.operations > this.#crashAt) {
      throw new Crash();
    }
    // The one that the crash falls into may have had its effect.
    if (this.operations === this.#crashAt && this.#random() < 0.5) {
      throw new Crash();
    }
    const value = work();
    if (this.operations === this.#crashAt) {
      throw new Crash();
    }
    return value;
  }
}

function applied(content: Buffer, change: Change): Buffer<ArrayBuffer> {
  if ("cutTo" in change) {
    const cut = Buffer.alloc(change.cutTo);
    content.copy(cut);
    return cut;
  }
  const written = Buffer.alloc(Math.max(content.length, change.at + change.data.length));
  content.copy(written);
  written.set(change.data, change.at);
  return written;
}

function facts(ino: number, size: number, isFile: boolean): FileFacts {
  return { ino, size, dev: 1, isFile: () => isFile };
}
