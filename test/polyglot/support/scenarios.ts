import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A program that uses H2O's client, see `python/scenario.py`. */
export interface Scenario {
  /** What it shows: its docstring. */
  readonly title: string;
  readonly path: string;
}

/** The programs of `test/polyglot/scenarios`, by their names. */
export function scenarios(): Scenario[] {
  const folder = fileURLToPath(new URL("../scenarios/", import.meta.url));
  return readdirSync(folder)
    .filter((file) => file.endsWith(".py"))
    .sort()
    .map((file) => {
      const path = `${folder}${file}`;
      const [, title] = /^"""(.+)"""\n/.exec(readFileSync(path, "utf8")) ?? [];
      if (title === undefined) {
        throw new Error(`${file} must begin with a docstring of one line: it is the test's title`);
      }
      return { title, path };
    });
}
