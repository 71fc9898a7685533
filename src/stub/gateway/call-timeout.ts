import { Code, ConnectError } from "@connectrpc/connect";

// Node's timers fire at once for anything longer.
const MAX_TIMER_MS = 2 ** 31 - 1;
const TIMEOUT = /^(?<count>\d{1,19})(?<unit>[HMSmun])$/;
const MS_PER_UNIT: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * How long a call may take, in milliseconds, from its `Grpc-Timeout` header: `10S`, `500m`. Zero is
 * no limit, as for grpc-gateway, and so is what lies further ahead than a timer can run.
 *
 * @throws ConnectError INVALID_ARGUMENT where the header is none.
 */
export function callTimeoutMs(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined || header === "") {
    return undefined;
  }
  const { count, unit } = TIMEOUT.exec(String(header))?.groups ?? {};
  if (count === undefined || unit === undefined) {
    throw new ConnectError(`invalid grpc-timeout: ${header}`, Code.InvalidArgument);
  }
  const timeoutMs = Math.ceil(Number(count) * (MS_PER_UNIT[unit] ?? 0));
  return timeoutMs === 0 || timeoutMs > MAX_TIMER_MS ? undefined : timeoutMs;
}
