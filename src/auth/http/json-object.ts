/** A JSON object, of which nothing is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The members of a JSON object; undefined if the text is none. */
export function readJsonObject(text: string): JsonObject | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The error would quote the text.
    return undefined;
  }
  return isJsonObject(json) ? json : undefined;
}

/** Whether a part of a JSON document is an object. */
export function isJsonObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
