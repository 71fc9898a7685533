import type { Http2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";

import type { NodeRequest, NodeResponse } from "../../server/node-handler.js";

const POLL_MS = 1;
const PING_TIMEOUT_MS = 1000;
// Of the acknowledgements of TCP, Node tells nothing.
const HTTP1_GRACE_MS = 20;

/**
 * Waits until the client has received what was written to the response, which a reset would
 * overtake. Over HTTP/2, an answered ping tells; it tells as well that the client has nothing more
 * to send: a reset that meets a write is reported to that, and reading on looks like a clean end
 * (seen with Node's client). Over HTTP/1.1 nothing tells: there, the bytes have left this program,
 * and were given a moment to arrive.
 *
 * @throws the signal's reason where it aborts first.
 */
export async function delivered(
  request: NodeRequest,
  response: NodeResponse,
  signal: AbortSignal,
): Promise<void> {
  if ("stream" in request) {
    const { stream } = request;
    // The event "drain" comes only to those whose write was refused.
    while (stream.writableLength > 0) {
      await wait(POLL_MS, signal);
    }
    if (stream.session !== undefined) await answered(stream.session, signal);
    return;
  }
  if (!response.headersSent) return;
  while (response.writableLength > 0 || request.socket.writableLength > 0) {
    await wait(POLL_MS, signal);
  }
  await wait(HTTP1_GRACE_MS, signal);
}

/** Waits for the answer to a ping, but not for ever: some clients give none. */
async function answered(session: Http2Session, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const stopWaiting = () => stop.abort();
  signal.addEventListener("abort", stopWaiting);
  try {
    // False is told where too many pings are on their way already.
    if (session.destroyed || !session.ping(stopWaiting)) return;
    await sleep(PING_TIMEOUT_MS, undefined, { signal: stop.signal }).catch(() => {});
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", stopWaiting);
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
