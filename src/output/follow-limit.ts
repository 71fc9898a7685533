import { Code, ConnectError } from "@connectrpc/connect";
import type { Limit } from "../async/limit.js";
import { startTimer } from "../async/timer.js";
import type { CallOptions } from "../call/call-options.js";
import { getCall, lookOnce } from "../call/look.js";
import type { Caller } from "../call/run.js";
import { neverStarted } from "../errors/wait-timeout-error.js";

// How long before the end a follow that has brought nothing looks why, at most.
const LOOK_MS = 2_000;

/**
 * The limit of a follow. To be ended, not only released. A process that nobody has started is why
 * many a follow brings nothing until its time is over: the error says so. It is looked at before the
 * end, so that the error comes in time.
 *
 * @param doing what takes its time, for the error.
 * @param hasOutput whether any output has come: then the process was started.
 */
export function followLimit(
  caller: Caller,
  name: string,
  doing: string,
  { signal, timeoutMs, headers }: CallOptions,
  hasOutput: () => boolean,
): Limit {
  let hint = "";
  const overdue = () => {
    const why = hasOutput() ? "" : hint;
    const message = `${doing} the output of ${name} took longer than ${timeoutMs} ms${why}`;
    return new ConnectError(message, Code.DeadlineExceeded);
  };
  const limit = caller.life.within({ signal, ms: timeoutMs, overdue });
  if (timeoutMs !== undefined && timeoutMs > 0) {
    const aheadMs = Math.min(LOOK_MS, timeoutMs / 2);
    const look = async () => {
      const time = { serverMs: aheadMs, localMs: aheadMs };
      // Within its own limit: the reason of the follow's is made once, to show the follow's caller.
      const own = limit.within({});
      const { outcome } = await lookOnce(caller, getCall(name, headers), own, { time });
      own.release();
      if (outcome.ok) {
        hint = neverStarted(outcome.value);
      }
    };
    const stopTimer = startTimer(timeoutMs - aheadMs, () => {
      if (!hasOutput()) {
        // What becomes of the follow tells of every failure.
        look().catch(() => undefined);
      }
    });
    limit.onEnd(stopTimer);
  }
  return limit;
}
