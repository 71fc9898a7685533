import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc: () => void = runInNewContext("gc");

/** Runs the garbage collector, so that memory that is used is memory that is held. */
export function collectGarbage(): void {
  gc();
}
