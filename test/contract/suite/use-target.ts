import { afterAll, beforeAll } from "vitest";
import type { ContractTarget, OpenOptions, OpenTarget } from "../contract-target.js";

/** Opens a target once for the tests of the surrounding `describe`, and closes it after them. */
export function useTarget<Open extends OpenTarget>(
  target: ContractTarget<Open>,
  options: OpenOptions = {},
): () => Open {
  let open: Open | undefined;
  beforeAll(async () => {
    open = await target.open(options);
  });
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
    open = undefined;
  });
  return () => {
    if (!open) {
      throw new Error(`${target.name} is open only while its tests run`);
    }
    return open;
  };
}
