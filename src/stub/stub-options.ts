import { requireObject } from "./require-object.js";

/** What an embedded engine server and an in-memory transport have in common. */
export interface StubOptions {
  /**
   * The names of the engines to create at first, at least one. They are RUNNING, and the first user
   * is their creator.
   *
   * @default ["workspaces/default/sandboxEngines/local"]
   */
  readonly engines?: readonly string[];
  /**
   * Who may call: subjects by their bearer tokens, at least one. Only the creator of an engine can
   * reach it. A token is not empty and has no white space; of several, none is a whole number, since
   * JavaScript would list that first.
   *
   * @default one user with a random token
   */
  readonly users?: Readonly<Record<string, string>>;
  /**
   * The values of secret versions, by their names, such as
   * `workspaces/w/secrets/s/versions/1`. The version `latest` is the last one listed of its secret.
   *
   * @default {} no secrets
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /**
   * How much output of one process is kept on disk, in bytes. Beyond it the process's pipe is not
   * read on, so that the process blocks when it writes.
   *
   * @default 2 GiB
   */
  readonly maxSpoolBytes?: number;
}

/**
 * Refuses options of another kind than they must be, without showing tokens and secrets.
 *
 * @throws TypeError that names the option.
 */
export function requireStubOptions(options: StubOptions): void {
  requireObject("options", options);
  const { engines, users, secrets } = options;
  if (engines !== undefined && !Array.isArray(engines)) {
    throw new TypeError("engines: must be an array of names");
  }
  requireTexts("users", "the subject of each token", users);
  requireTexts("secrets", "the value of each version", secrets);
}

function requireTexts(
  option: string,
  what: string,
  texts: Readonly<Record<string, string>> | undefined,
): void {
  if (texts === undefined) {
    return;
  }
  requireObject(option, texts);
  if (Object.values(texts).some((text) => typeof text !== "string")) {
    throw new TypeError(`${option}: ${what} must be a string`);
  }
}
