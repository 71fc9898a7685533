/** The longest that a timer of Node's can run, 24.8 days: it fires at once for anything longer. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * How long a call may take by its `grpc-timeout` header, such as `10S` or `500m`, in milliseconds;
 * undefined where the header is malformed.
 *
 * @param digits how many it may have.
 */
export function readGrpcTimeout(header: string, digits = 8): number | undefined {
  const count = header.slice(0, -1);
  const unit = MS_PER_UNIT[header.slice(-1)];
  return unit === undefined || count.length > digits || !/^\d+$/.test(count)
    ? undefined
    : Number(count) * unit;
}
