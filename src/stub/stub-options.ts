import { type Rule, requireObject } from "../rules/check-options.js";
import { optional, requireString, wholeNumber } from "../rules/values.js";
import { checkStubOptions, type RulesOf } from "./check-options.js";
import { type CreateEngineOptions, ENGINE_OPTION_RULES } from "./engine/engine-options.js";

/** An engine to create at first. */
export interface StubEngineOptions extends CreateEngineOptions {
  /** Its name, `workspaces/{workspace}/sandboxEngines/{sandbox_engine}`. */
  readonly name: string;
}

/** What an embedded engine server and an in-memory transport have in common. */
export interface StubOptions {
  /**
   * The engines to create at first, at least one: a name, for one that is RUNNING, whose creator is the
   * first user and that has a directory of its own, or a name with what `engines.create` takes.
   *
   * @default ["workspaces/default/sandboxEngines/local"]
   */
  readonly engines?: readonly (string | StubEngineOptions)[];
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
   * How much output of one process is kept on disk, in bytes. Beyond it the process's pipe is closed,
   * so that what it writes ends in SIGPIPE or EPIPE, and those who follow the output get
   * ResourceExhausted.
   *
   * @default 2 GiB
   */
  readonly maxSpoolBytes?: number;
}

/**
 * The rules of StubOptions. Tokens and secrets are not shown.
 *
 * @internal
 */
export const STUB_OPTION_RULES: RulesOf<StubOptions> = {
  engines: optional(requireEngines),
  users: optional(textsRule("the subject of each token")),
  secrets: optional(textsRule("the value of each version")),
  maxSpoolBytes: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
};

const ENGINE_RULES: RulesOf<StubEngineOptions> = { name: requireString, ...ENGINE_OPTION_RULES };

function requireEngines(name: string, value: unknown): void {
  if (!Array.isArray(value)) {
    throw new TypeError(
      `${name}: must be an array of names, or of objects with a name and options`,
    );
  }
  for (const [index, engine] of value.entries()) {
    const path = `${name}[${index}]`;
    if (typeof engine !== "string") {
      checkStubOptions<StubEngineOptions>("the stub", engine, ENGINE_RULES, path);
    }
  }
}

function textsRule(what: string): Rule {
  return (name, value) => {
    requireObject(name, value);
    if (Object.values(value).some((text) => typeof text !== "string")) {
      throw new TypeError(`${name}: ${what} must be a string`);
    }
  };
}
