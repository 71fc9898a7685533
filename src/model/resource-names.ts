/** The parts of an engine's resource name. */
export interface EngineNameParts {
  /** The id of the workspace. */
  readonly workspace: string;
  /** The id of the SandboxEngine. */
  readonly engine: string;
}

/** The parts of a process's resource name. */
export interface ProcessNameParts extends EngineNameParts {
  /** The id of the process. */
  readonly process: string;
}

// The unreserved characters of a URI (RFC 3986, section 2.3) survive every transport unescaped; a
// lone "." or ".." would be folded away by URL normalisation and reach another resource.
const SEGMENT = "(?!\\.{1,2}(?:/|$))[A-Za-z0-9._~-]+";
const WHOLE_SEGMENT = new RegExp(`^${SEGMENT}$`);
const ENGINE_NAME = new RegExp(
  `^workspaces/(?<workspace>${SEGMENT})/sandboxEngines/(?<engine>${SEGMENT})$`,
);
const PROCESS_NAME = new RegExp(
  `^workspaces/(?<workspace>${SEGMENT})/sandboxEngines/(?<engine>${SEGMENT})/processes/(?<process>${SEGMENT})$`,
);
const PROCESS_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The parts of `workspaces/{workspace}/sandboxEngines/{engine}`; undefined for anything else. */
export function matchEngineName(name: string): EngineNameParts | undefined {
  const { workspace, engine } = ENGINE_NAME.exec(name)?.groups ?? {};
  return workspace !== undefined && engine !== undefined ? { workspace, engine } : undefined;
}

/**
 * The parts of `workspaces/{workspace}/sandboxEngines/{engine}/processes/{process}`; undefined for
 * anything else.
 */
export function matchProcessName(name: string): ProcessNameParts | undefined {
  const { workspace, engine, process } = PROCESS_NAME.exec(name)?.groups ?? {};
  return workspace !== undefined && engine !== undefined && process !== undefined
    ? { workspace, engine, process }
    : undefined;
}

/** Whether an id can be a segment of a resource name. */
export function isSegment(id: string): boolean {
  return WHOLE_SEGMENT.test(id);
}

/** The resource name of the engine with these ids. */
export function formatEngineName({ workspace, engine }: EngineNameParts): string {
  return `workspaces/${workspace}/sandboxEngines/${engine}`;
}

/** The resource name of the process with this id in the engine with this resource name. */
export function formatProcessName(engineName: string, processId: string): string {
  return `${engineName}/processes/${processId}`;
}

/** Whether a new process may have this id: 1 to 63 of `[a-z0-9-]`, first and last alphanumeric. */
export function isProcessId(id: string): boolean {
  return PROCESS_ID.test(id);
}

/**
 * Whether a process's name is the one that was asked for. Of a segment that is asked for as "-", the
 * wildcard (AIP-159), the answer tells which one it is.
 */
export function isNamed(asked: string, name: string): boolean {
  if (asked === name || !asked.includes("/-/")) {
    return asked === name;
  }
  const [segments, found] = [asked.split("/"), name.split("/")];
  return (
    matchProcessName(name) !== undefined &&
    segments.length === found.length &&
    segments.every((segment, i) => segment === "-" || segment === found[i])
  );
}
