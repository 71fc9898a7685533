// What encodeURIComponent leaves although RFC 3986 reserves it.
const RESERVED = /[!'()*]/g;

/**
 * Percent-encodes everything but the unreserved characters of RFC 3986, section 2.3.
 *
 * @throws URIError where half a surrogate pair cannot be encoded.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    RESERVED,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Decodes `%XX`; undefined where that is malformed or no UTF-8. */
export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
