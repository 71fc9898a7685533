import type { NodeResponse } from "../server/node-handler.js";

/**
 * Writes to a response, and waits until it takes more.
 *
 * @throws the signal's reason where it aborts.
 */
export async function writeThrough(
  response: NodeResponse,
  text: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (response.write(text)) {
    return;
  }
  await new Promise<void>((resolve) => {
    const proceed = () => {
      response.off("drain", proceed);
      signal.removeEventListener("abort", proceed);
      resolve();
    };
    response.on("drain", proceed);
    signal.addEventListener("abort", proceed);
  });
  signal.throwIfAborted();
}
