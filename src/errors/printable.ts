// C0, DEL and C1, and what changes the direction of a line, or begins one, beyond ASCII.
const UNPRINTABLE = /(?!\t)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text of somebody else's as a message may show it: what would act on a terminal, or forge a line
 * of a log, is escaped.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

function escaped(character: string): string {
  switch (character) {
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    default: {
      const hex = character.charCodeAt(0).toString(16);
      return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
    }
  }
}
