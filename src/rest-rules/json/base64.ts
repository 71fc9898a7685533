const OTHER_CHARACTER = /[^A-Za-z0-9+/_-]/;

/** Encodes bytes in standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/**
 * Decodes base64, standard or URL-safe (RFC 4648, sections 4 and 5), with or without padding.
 * Undefined where the text is neither.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const length = text.length - padding;
  if (length % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) {
    return undefined;
  }
  // Buffer skips what is no base64, and would take half of a text for the whole.
  if (OTHER_CHARACTER.test(padding > 0 ? text.slice(0, length) : text)) {
    return undefined;
  }
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  Buffer.from(bytes.buffer).write(text, "base64");
  return bytes;
}
