import fc from "fast-check";

const UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

/** A segment of a resource name: RFC 3986's unreserved characters, not a lone dot or two. */
export const segment = fc
  .string({ unit: fc.constantFrom(...UNRESERVED), minLength: 1, maxLength: 70 })
  .filter((text) => text !== "." && text !== "..");

/** The resource name of an engine. */
export const validEngineName = fc
  .tuple(segment, segment)
  .map(([workspace, engine]) => `workspaces/${workspace}/sandboxEngines/${engine}`);

/** The resource name of a process. */
export const validProcessName = fc
  .tuple(validEngineName, segment)
  .map(([engine, process]) => `${engine}/processes/${process}`);

const broken = (valid: fc.Arbitrary<string>) =>
  fc.tuple(valid, fc.nat(), fc.constantFrom(...BREAKING)).map(([name, at, breaking]) => {
    const cut = at % (name.length + 1);
    return name.slice(0, cut) + breaking + name.slice(cut);
  });

// Whatever a name cannot hold anywhere: separators of URLs and headers, spaces, what is not ASCII.
const BREAKING = [
  "//",
  "/",
  "\n",
  "\0",
  " ",
  "%",
  "?",
  "#",
  ":",
  "@",
  "é",
  "\uD800",
  "\\",
  "{",
  "*",
];

/** Texts that are no engine's name, most of them nearly one. */
export const invalidEngineName = fc.oneof(
  broken(validEngineName),
  validProcessName,
  fc.string(),
  fc.constantFrom(
    "workspaces/w/sandboxEngines/.",
    "workspaces/../sandboxEngines/e",
    "workspaces/w/sandboxEngines/e/",
    "/workspaces/w/sandboxEngines/e",
    "workspaces//sandboxEngines/e",
    "Workspaces/w/sandboxEngines/e",
    "workspaces/w/sandboxengines/e",
    "http://h/workspaces/w/sandboxEngines/e",
  ),
);

/** Texts that are no process's name, most of them nearly one. */
export const invalidProcessName = fc.oneof(
  broken(validProcessName),
  validEngineName,
  fc.string(),
  fc.constantFrom(
    "workspaces/w/sandboxEngines/e/processes/..",
    "workspaces/w/sandboxEngines/e/processes/",
    "workspaces/w/sandboxEngines/e/processes/p:start",
    "workspaces/w/sandboxEngines/e/process/p",
    "workspaces/w/sandboxEngines/./processes/p",
    "x workspaces/w/sandboxEngines/e/processes/p",
  ),
);

const ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789";
const inner = fc.string({ unit: fc.constantFrom(...`${ALPHANUMERIC}-`), maxLength: 61 });
const end = fc.constantFrom(...ALPHANUMERIC);

/** An id that a new process may have. */
export const validProcessId = fc.oneof(
  end,
  fc.tuple(end, inner, end).map(([first, middle, last]) => first + middle + last),
);

/** Texts that are no process's id, most of them nearly one. */
export const invalidProcessId = fc.oneof(
  validProcessId.map((id) => `-${id}`),
  validProcessId.map((id) => `${id}-`),
  validProcessId.map((id) => `${id}\n`),
  validProcessId.map((id) => `${id}A`),
  validProcessId.map((id) => `${id}.${id}`),
  validProcessId.map((id) => `${id}é`),
  validProcessId.map((id) => id.padEnd(64, "0")),
  fc.constant(""),
);
