import { type InspectOptions, inspect } from "node:util";
import { joined } from "./bytes.js";

// What a log can take of one stream: half of it from the beginning, half from the end.
const SHOWN_BYTES = 8 * 1024;
const SHOWN_HEX_BYTES = 16;

/** Bytes of which some may be missing between `head` and `tail`. */
export interface KeptBytes {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly totalBytes: number;
}

/**
 * Bytes as a log can show them: as text where they are UTF-8, else the first ones in hexadecimal.
 * Of many bytes, or where some are missing, the beginning and the end, and how many are left out.
 */
export function shownBytes(bytes: Uint8Array | KeptBytes): string {
  return shown(bytes).text;
}

/** The same as `util.inspect` shows it: quoted, after the number of bytes. */
export function inspectedBytes(type: string, kept: KeptBytes, options: InspectOptions): string {
  const { text, isText } = shown(kept);
  // Compact: otherwise each line of the text becomes a line of its own, which may be thousands.
  const quoted = isText ? inspect(text, { ...options, compact: true }) : text;
  return `${type}(${kept.totalBytes}) ${quoted}`;
}

function shown(bytes: Uint8Array | KeptBytes): { text: string; isText: boolean } {
  const kept = bytes instanceof Uint8Array ? wholeOf(bytes) : bytes;
  const pieces = piecesOf(kept);
  if (!pieces.every(isText)) {
    return { text: hexadecimal(kept), isText: false };
  }
  const left = kept.totalBytes - pieces.reduce((sum, { length }) => sum + length, 0);
  const mark = left > 0 ? `[… ${left} of ${kept.totalBytes} bytes are not shown …]` : "";
  return { text: pieces.map(decoded).join(mark), isText: true };
}

/** Bytes of which none are missing. */
export function wholeOf(bytes: Uint8Array): KeptBytes {
  return { head: bytes, tail: bytes.subarray(bytes.length), totalBytes: bytes.length };
}

function piecesOf({ head, tail, totalBytes }: KeptBytes): Uint8Array[] {
  const half = SHOWN_BYTES / 2;
  if (head.length + tail.length === totalBytes && totalBytes <= SHOWN_BYTES) {
    // Joined: a character may be split between the two.
    return [joined([head, tail])];
  }
  const end = tail.length > 0 ? tail : head.subarray(half);
  return [head.subarray(0, half), end.subarray(Math.max(0, end.length - half))];
}

/** Whether bytes are UTF-8, with parts of characters at both ends perhaps, and no NUL in it. */
function isText(bytes: Uint8Array): boolean {
  const first = bytes.subarray(0, 4).findIndex((byte) => (byte & 0xc0) !== 0x80);
  if (first < 0) {
    return bytes.length === 0;
  }
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    return !decoder.decode(bytes.subarray(first), { stream: true }).includes("\0");
  } catch {
    return false;
  }
}

/** Bytes as UTF-8; those that are not become U+FFFD. */
export function decoded(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function hexadecimal({ head, totalBytes }: KeptBytes): string {
  const first = [...head.subarray(0, SHOWN_HEX_BYTES)].map((byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  const more = totalBytes > first.length ? " …" : "";
  return `[${totalBytes} bytes that are not text: ${first.join(" ")}${more}]`;
}
