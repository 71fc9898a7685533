import { readText } from "./documents.js";

/** An option, as its interface documents it. */
export interface DocumentedOption {
  readonly name: string;
  /** The text after `@default`; empty where there is none. */
  readonly defaultText: string;
}

const FIELD = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+readonly (\w+)\??:/g;

/** The options of an exported interface. */
export function documentedOptions(path: string, interfaceName: string): DocumentedOption[] {
  const [, body] = readText(path).split(new RegExp(`export interface ${interfaceName}\\s`));
  const options = [...(body?.slice(0, body.indexOf("\n}")) ?? "").matchAll(FIELD)].map(
    ([, comment = "", name = ""]) => ({
      name,
      defaultText: /@default ([^@]*)/.exec(comment)?.[1] ?? "",
    }),
  );
  if (options.length === 0) {
    throw new Error(`${path} has no options in an interface ${interfaceName}`);
  }
  return options;
}
