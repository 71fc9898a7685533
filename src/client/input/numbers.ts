import { InvalidInputError } from "../../errors/invalid-input-error.js";
import { shown } from "../../errors/shown.js";
import { signalNumber } from "../../model/signals.js";

const INT32_MAX = 2_147_483_647;
const UINT32_MAX = 4_294_967_295;

/** Refuses a duration that is not finite, or negative. Undefined passes: it means the default. */
export function requireDuration(field: string, value: number | undefined): void {
  if (value !== undefined && !(typeof value === "number" && Number.isFinite(value) && value >= 0)) {
    throw new InvalidInputError(field, "must be a finite number, 0 or more", shown(value));
  }
}

/** Refuses a count of bytes that is not a whole number from `least` up. */
export function requireByteCount(field: string, value: number | undefined, least = 0): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
    throw new InvalidInputError(field, `must be a whole number, ${least} or more`, shown(value));
  }
}

/** Refuses what is no CRC-32 as zlib gives and takes it, an unsigned number. */
export function requireCrc32(field: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= UINT32_MAX)) {
    throw new InvalidInputError(
      field,
      `must be a whole number from 0 to ${UINT32_MAX}`,
      shown(value),
    );
  }
}

/** Refuses a page size that the contract's int32 cannot carry, or a negative one. */
export function requirePageSize(field: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= INT32_MAX)) {
    throw new InvalidInputError(
      field,
      `must be a whole number from 0 to ${INT32_MAX}`,
      shown(value),
    );
  }
}

/** The number of a signal; refuses what is none. */
export function requireSignal(field: string, signal: number | string): number {
  const number = signalNumber(signal);
  if (number === undefined) {
    throw new InvalidInputError(
      field,
      "must be a Linux signal's number, 1 to 64, or its name, such as SIGTERM",
      shown(signal),
    );
  }
  return number;
}
