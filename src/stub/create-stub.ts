import type { ServiceImpl } from "@connectrpc/connect";

import type { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Engines } from "./engine/engines.js";
import { isUser, randomToken, type Users } from "./service/access.js";
import { createProcessService } from "./service/create-process-service.js";
import type { IsKnownCaller } from "./service/known-caller.js";
import { narrowEngines, type StubEngines } from "./stub-engines.js";
import type { StubOptions } from "./stub-options.js";

const DEFAULT_ENGINE = "workspaces/default/sandboxEngines/local";
const DEFAULT_SUBJECT = "users/default";

/** Engines and the service on top of them, which no transport reaches yet. */
export interface Stub {
  /** The token of the first user. */
  readonly token: string;
  /** The subject of the first user. */
  readonly subject: string;
  /** The name of the first engine. */
  readonly parent: string;
  readonly engines: StubEngines;
  readonly service: ServiceImpl<typeof ProcessService>;
  readonly isKnown: IsKnownCaller;
  /** Ends all processes, and removes what was created. */
  close(): Promise<void>;
}

/**
 * Makes what the server and the in-memory transport both stand on, of options whose rules were
 * checked.
 *
 * @param issued who may call besides the users: subjects by access tokens.
 * @throws TypeError where `users` or `engines` are given and empty, and for an option or a token that
 * cannot be.
 */
export function createStub(options: StubOptions, issued: Users = new Map()): Stub {
  const {
    engines: given = [DEFAULT_ENGINE],
    users: subjects = { [randomToken()]: DEFAULT_SUBJECT },
    secrets,
    maxSpoolBytes,
  } = options;
  const described = given.map((engine) => (typeof engine === "string" ? { name: engine } : engine));
  const parent = described[0]?.name;
  if (parent === undefined) {
    throw new TypeError("engines: name at least one, or leave it out for the default");
  }
  // A Map, because a token such as "constructor" would find what every object inherits.
  const users = new Map(Object.entries(subjects));
  const [first] = users;
  if (first === undefined) {
    throw new TypeError("users: name at least one, or leave it out for a random token");
  }
  for (const known of users.keys()) {
    requireToken(known, users.size);
  }
  const [token, subject] = first;
  const callers: Users = { get: (known) => users.get(known) ?? issued.get(known) };
  const engines = new Engines({
    defaultCreator: subject,
    ...(secrets !== undefined && { secrets }),
    ...(maxSpoolBytes !== undefined && { maxSpoolBytes }),
  });
  try {
    for (const { name, ...engineOptions } of described) {
      engines.create(name, engineOptions);
    }
  } catch (error) {
    // Nothing runs yet, so that there is nothing to wait for.
    engines.close().catch(() => {});
    throw error;
  }
  return {
    token,
    subject,
    parent,
    engines: narrowEngines(engines),
    service: createProcessService(engines, callers),
    isKnown: (authorization) => isUser(callers, authorization),
    close: () => engines.close(),
  };
}

function requireToken(token: string, users: number): void {
  if (!/^\S+$/.test(token)) {
    throw new TypeError("users: a token must not be empty nor hold white space");
  }
  if (users > 1 && /^\d+$/.test(token)) {
    // JavaScript puts such keys first, so that "the first user" would be another one.
    throw new TypeError("users: a token among several must not be a whole number");
  }
}
