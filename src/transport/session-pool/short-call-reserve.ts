const MOST = 10;

/**
 * How many streams of a session long calls may not use. Otherwise followers could take all of them,
 * and a call that asks whether the connection is still alive would have to wait behind them.
 *
 * @param limit the server's limit of streams.
 */
export function shortCallReserve(limit: number): number {
  return limit < 2 ? 0 : Math.min(MOST, Math.max(1, Math.floor(limit / 10)));
}
