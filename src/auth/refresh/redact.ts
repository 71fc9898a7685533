const HIDDEN = "[hidden]";
const MAX_LENGTH = 500;
const SHORT = 8;
// A JSON Web Token, or its beginning: {"… in base64url.
const JWT = /\beyJ[\w-]+(\.[\w-]*)*/g;
// What can be a piece of a secret, such as one that was cut off.
const PIECE = /[\w~+/=-]{8,}/g;

/**
 * Words of somebody else's as an error may show them: in one line, not long, and without secrets,
 * which identity providers do repeat.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const known = secrets.flatMap(spellings).sort((a, b) => b.length - a.length);
  const whole = known.reduce((rest, secret) => rest.replace(pattern(secret), HIDDEN), text);
  return whole
    .replace(JWT, HIDDEN)
    .replace(PIECE, (piece) => (known.some((secret) => secret.includes(piece)) ? HIDDEN : piece))
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .slice(0, MAX_LENGTH);
}

// A short one is part of many words, of error codes too, and is hidden as a word of its own only.
function pattern(secret: string): RegExp {
  const literal = secret.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  return new RegExp(secret.length < SHORT ? `(?<!\\w)${literal}(?!\\w)` : literal, "g");
}

function spellings(secret: string): string[] {
  if (secret === "") {
    return [];
  }
  const form = new URLSearchParams({ "": secret }).toString().slice(1);
  // Half a character cannot be encoded.
  const wellFormed = Buffer.from(secret).toString();
  return [secret, encodeURIComponent(wellFormed), form];
}
