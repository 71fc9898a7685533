/** A fenced block of code in a document. */
export interface CodeBlock {
  /** The language after the opening fence; empty where there is none. */
  readonly language: string;
  readonly code: string;
  /** The line of the code's first line, from 1 up. */
  readonly line: number;
  /** The `text` block that follows at once: what running the code prints. */
  readonly prints: string | undefined;
  /** The file that it shows, as the link before it has it: `[stub.ts](../examples/testing/…):`. */
  readonly shows: string | undefined;
}

const SHOWN_FILE = /^\[[^\]]+\]\((\.\.\/examples\/testing\/[^)\s]+)\):\n\n$/m;
const FENCED = /^```(\S*)[^\n]*\n([\s\S]*?)^```$/gm;

/** The fenced blocks of code, in their order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const matches = [...markdown.matchAll(FENCED)];
  return matches.map(({ index, 0: { length }, 1: language = "", 2: code = "" }, position) => {
    const next = matches[position + 1];
    const before = markdown.slice(0, index).split("\n").slice(-3).join("\n");
    const follows = next && markdown.slice(index + length, next.index).trim() === "";
    return {
      language,
      code,
      line: markdown.slice(0, index).split("\n").length + 1,
      prints: follows && next[1] === "text" ? next[2] : undefined,
      shows: SHOWN_FILE.exec(before)?.[1],
    };
  });
}

/** The anchors of the headings, as GitHub makes them. */
export function anchors(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(markdown).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const repeated = seen.get(slug) ?? 0;
    seen.set(slug, repeated + 1);
    return repeated === 0 ? slug : `${slug}-${repeated}`;
  });
}

/** The targets of all links. */
export function linkTargets(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

/** What stands in single backticks in the text. */
export function inlineCode(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** The rows of all tables, without their headings: the trimmed text of each cell. */
export function tableRows(markdown: string): string[][] {
  return [...markdown.matchAll(/(?:^\|.*\|$\n?)+/gm)].flatMap(([table]) =>
    table
      .trimEnd()
      .split("\n")
      .slice(2)
      .map((row) =>
        row
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim()),
      ),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replace(FENCED, "");
}
