// Node's timers fire at once for anything longer.
const MAX_TIMER_MS = 2 ** 31 - 1;

const MS_PER_GRPC_UNIT: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
};

/**
 * Removes a deadline that lies further ahead than a timer can run, 24.8 days: such a call would
 * expire at once instead. gRPC's header can carry 11,415 years.
 */
export function dropEndlessTimeout(headers: Headers): void {
  const connect = headers.get("connect-timeout-ms");
  if (connect !== null && /^\d{1,10}$/.test(connect) && Number(connect) > MAX_TIMER_MS) {
    headers.delete("connect-timeout-ms");
  }
  const { count, unit } = /^(?<count>\d{1,8})(?<unit>[HMS])$/.exec(
    headers.get("grpc-timeout") ?? "",
  )?.groups ?? { count: "0", unit: "S" };
  if (Number(count) * (MS_PER_GRPC_UNIT[unit ?? ""] ?? 0) > MAX_TIMER_MS) {
    headers.delete("grpc-timeout");
  }
}
