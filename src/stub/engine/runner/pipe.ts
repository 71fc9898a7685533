import { closeSync, constants, openSync, unlinkSync } from "node:fs";

/** Both ends of a pipe, as file descriptors of this program. */
export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/**
 * Opens both ends of a FIFO and unlinks it. Unlike the socket pair that Node makes for `"pipe"`, a
 * program can open it by name again: `echo x > /dev/stderr` fails on a socket with ENXIO.
 */
export function openPipe(fifo: string): Pipe {
  let readEnd: number | undefined;
  try {
    // Without O_NONBLOCK each end would wait for the other one.
    readEnd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    return { readEnd, writeEnd: openSync(fifo, constants.O_WRONLY) };
  } catch (error) {
    if (readEnd !== undefined) closeSync(readEnd);
    throw error;
  } finally {
    unlinkSync(fifo);
  }
}

/** Opens a pipe for each FIFO, or none of them. */
export function openPipes(fifos: readonly string[]): Pipe[] {
  const pipes: Pipe[] = [];
  try {
    for (const fifo of fifos) pipes.push(openPipe(fifo));
    return pipes;
  } catch (error) {
    for (const { readEnd, writeEnd } of pipes) {
      closeSync(readEnd);
      closeSync(writeEnd);
    }
    throw error;
  }
}
