import {
  checkOptions,
  type Rule,
  refusingByTypeError,
  unknownName,
  type Values,
} from "../rules/check-options.js";

/** The rules of T's options, one for each: the compiler sees that none is missing. */
export type RulesOf<T extends object> = { readonly [K in keyof Required<T>]: Rule };

/**
 * Checks options as the client's are checked, and refuses them by a TypeError: the stub is no service
 * that has a code for it.
 *
 * @param owner whose options they are, such as `startStubServer`.
 * @param path the option that holds them, such as `tls`; empty where they are the options themselves.
 * @throws TypeError that names the option. Values are not shown: they may be secret.
 */
export function checkStubOptions<T extends object>(
  owner: string,
  value: unknown,
  rules: RulesOf<T>,
  path = "",
): asserts value is T {
  const [field, prefix] = path === "" ? ["options", ""] : [path, `${path}.`];
  const refuseUnknown = (name: string, rule: string) => unknownOption(owner, name, rule);
  refusingByTypeError(() => checkOptions(field, value, rules, prefix, refuseUnknown));
}

/**
 * Refuses a name that is not among these, unless it stands for undefined.
 *
 * @throws TypeError that says which name was probably meant.
 */
export function refuseUnknownNames(owner: string, value: object, known: readonly string[]): void {
  const values: Values = { ...value };
  const unknown = unknownName(values, Object.fromEntries(known.map((name) => [name, true])));
  if (unknown !== undefined) {
    throw unknownOption(owner, unknown.name, unknown.rule);
  }
}

function unknownOption(owner: string, name: string, rule: string): TypeError {
  return new TypeError(`${owner}: ${name} ${rule}`);
}
