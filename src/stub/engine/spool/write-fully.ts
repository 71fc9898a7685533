import type { FileHandle } from "node:fs/promises";

/** Writes all of `parts` one after the other from `position` on, however little a write takes. */
export async function writeFully(
  file: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let left = [...parts];
  let at = position;
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, at);
    at += bytesWritten;
    left = dropBytes(left, bytesWritten);
  }
}

function dropBytes(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let toDrop = count;
  const left: Uint8Array[] = [];
  for (const part of parts) {
    if (toDrop < part.length) left.push(part.subarray(toDrop));
    toDrop = Math.max(0, toDrop - part.length);
  }
  return left;
}
