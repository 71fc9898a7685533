import { readFileSync } from "node:fs";
import { constants } from "node:os";

const NAMED: ReadonlySet<number> = new Set(Object.values(constants.signals));

/**
 * Whether this signal would end the process in a way that Node cannot tell: it reports a death by
 * a signal without a name (Linux's real-time signals, 32 to 64) as exit code 0.
 */
export function endsUnnamed(pid: number, signal: number): boolean {
  if (NAMED.has(signal)) return false;
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, "latin1");
  } catch {
    return false;
  }
  const bit = 1n << BigInt(signal - 1);
  return ["SigBlk", "SigIgn", "SigCgt"].every((mask) => {
    const hex = new RegExp(`^${mask}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1];
    return hex !== undefined && (BigInt(`0x${hex}`) & bit) === 0n;
  });
}
