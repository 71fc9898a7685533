const SHOWN_CHARACTERS = 200;

/**
 * A refused value as an error message may show it: quoted, and cut where it is long. Of objects only
 * that they are some: what they hold may be secret, and turning them into text may throw.
 */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return cut(JSON.stringify(value));
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    case "function":
      return "a function";
    default:
      return cut(String(value));
  }
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
