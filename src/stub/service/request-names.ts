import { Code, ConnectError } from "@connectrpc/connect";

const ENGINE_PATTERN = "workspaces/*/sandboxEngines/*";
const PROCESS_PATTERN = `${ENGINE_PATTERN}/processes/*`;

// Any segment will do here: `p:unknownVerb` is the id of a process that does not exist, not a
// malformed name. A REST gateway hands it on like that.
const ENGINE_NAME = /^workspaces\/[^/]+\/sandboxEngines\/[^/]+$/;
const PROCESS_NAME = /^(?<engine>workspaces\/[^/]+\/sandboxEngines\/[^/]+)\/processes\/[^/]+$/;

/**
 * The engine that the field `parent` of a request names.
 *
 * @throws ConnectError INVALID_ARGUMENT where it has another shape than an engine's name.
 */
export function engineOfParent(parent: string): string {
  if (!ENGINE_NAME.test(parent)) {
    throw wrongShape("parent", ENGINE_PATTERN, parent);
  }
  return parent;
}

/**
 * The engine of the process that the field `name` of a request names.
 *
 * @throws ConnectError INVALID_ARGUMENT where it has another shape than a process's name.
 */
export function engineOfName(name: string): string {
  const engine = PROCESS_NAME.exec(name)?.groups?.["engine"];
  if (engine === undefined) {
    throw wrongShape("name", PROCESS_PATTERN, name);
  }
  return engine;
}

function wrongShape(field: string, pattern: string, value: string): ConnectError {
  return new ConnectError(
    `${field}: must match ${pattern}, but is ${JSON.stringify(value)}`,
    Code.InvalidArgument,
  );
}
