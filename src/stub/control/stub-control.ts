import { requireUnshownText } from "../../rules/values.js";
import { checkStubOptions, type RulesOf } from "../check-options.js";
import { randomToken } from "../service/access.js";

/** The control API of a stub server, for programs in other languages. */
export interface StubControlOptions {
  /** The token that its callers have to send; none of a user. It has no white space. */
  readonly token: string;
}

/** Where the control API is, and who may call it. */
export interface StubControl {
  /** `{url of the server}/_stub/v1` */
  readonly url: string;
  /** The bearer token of its callers. */
  readonly token: string;
}

const CONTROL_RULES: RulesOf<StubControlOptions> = { token: requireControlToken };

/**
 * @throws TypeError that names the option. The token is not shown.
 *
 * @internal
 */
export function requireControl(name: string, control: unknown): void {
  if (typeof control !== "boolean") {
    checkStubOptions<StubControlOptions>("startStubServer", control, CONTROL_RULES, name);
  }
}

function requireControlToken(name: string, token: unknown): void {
  requireUnshownText(name, token);
  if (/\s/.test(String(token))) {
    throw new TypeError(`${name}: must not hold white space`);
  }
}

/**
 * The token of the control API; undefined where there is none.
 *
 * @throws TypeError where it is a user's: whoever may run processes could break the server.
 *
 * @internal
 */
export function controlToken(
  control: boolean | StubControlOptions | undefined,
  users: Readonly<Record<string, string>> = {},
): string | undefined {
  if (control === undefined || control === false) {
    return undefined;
  }
  const token = control === true ? randomToken() : control.token;
  if (Object.hasOwn(users, token)) {
    throw new TypeError("control.token: must be another one than the tokens of users");
  }
  return token;
}
