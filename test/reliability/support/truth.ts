import type { OutputFrame, ProcessClient } from "../../../src/index.js";
import { joined } from "../../support/output.js";

/** What a process wrote, by the server's own word. */
export interface Truth {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Both, in the order in which the server received them. */
  readonly combined: Buffer;
}

/** Reads it over a connection that nobody breaks. */
export async function truthOf(client: ProcessClient, name: string): Promise<Truth> {
  const read = async (outputStream: Parameters<ProcessClient["readOutput"]>[1]) =>
    Buffer.from(await client.readOutput(name, outputStream));
  return {
    stdout: await read({ outputStream: "OUTPUT_STREAM_STDOUT" }),
    stderr: await read({ outputStream: "OUTPUT_STREAM_STDERR" }),
    combined: await read({ outputStream: "OUTPUT_STREAM_COMBINED" }),
  };
}

/** What was delivered, in the same form. */
export function delivered(frames: readonly OutputFrame[]): Truth {
  return {
    stdout: joined(frames, "OUTPUT_STREAM_STDOUT"),
    stderr: joined(frames, "OUTPUT_STREAM_STDERR"),
    combined: joined(frames),
  };
}

/** How delivered output differs from the truth; undefined if it does not. */
export function difference(frames: readonly OutputFrame[], truth: Truth): string | undefined {
  const got = delivered(frames);
  for (const part of ["stdout", "stderr", "combined"] as const) {
    if (!got[part].equals(truth[part])) {
      return `${part} is ${JSON.stringify(got[part].toString("latin1"))}`;
    }
  }
  return undefined;
}
