import type { Fault, FaultTarget, StubServerOptions } from "../stub/index.js";
import { UsageError } from "./failure.js";
import { readFileOf } from "./option-values.js";

/** The options of `serve` that say what is served. */
export interface ServedOptions {
  readonly host?: string;
  readonly port: number;
  readonly parent?: readonly string[];
  readonly user?: readonly string[];
  readonly secret?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly control?: boolean;
}

/** The options of the stub server. */
export function stubOptionsOf(options: ServedOptions): StubServerOptions {
  const { host, port, parent, user, secret, tlsCert, tlsKey, control } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("--tls-cert and --tls-key go together");
  }
  return {
    port,
    ...(host !== undefined && { host }),
    ...(parent !== undefined && { engines: parent }),
    // A token may end with "=", as base64 does, and a subject has none.
    ...(user !== undefined && {
      users: pairs("--user", "TOKEN=SUBJECT", "my-token=users/me", user, "last"),
    }),
    ...(secret !== undefined && {
      secrets: pairs(
        "--secret",
        "NAME=VALUE",
        "workspaces/w/secrets/s/versions/1=value",
        secret,
        "first",
      ),
    }),
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && {
        tls: { cert: readFileOf("--tls-cert", tlsCert), key: readFileOf("--tls-key", tlsKey) },
      }),
    ...(control === true && { control }),
  };
}

/** The faults of a file: an array of what the API's `faults.add` takes, which checks them. */
export function readFaults(path: string): readonly (Fault & FaultTarget)[] {
  const text = readFileOf("--faults", path).toString("utf8");
  let faults: unknown;
  try {
    faults = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--faults: ${path} is no JSON`, { cause: error });
  }
  if (!Array.isArray(faults)) {
    throw new UsageError(
      `--faults: ${path} must have an array of faults, such as [{"method": "*", "fault": "reset"}]`,
    );
  }
  return faults;
}

// Values are not shown: tokens and secrets are.
function pairs(
  option: string,
  form: string,
  example: string,
  texts: readonly string[],
  which: "first" | "last",
): Record<string, string> {
  const entries = texts.map((text): [string, string] => {
    const at = which === "first" ? text.indexOf("=") : text.lastIndexOf("=");
    if (at < 1 || (which === "last" && at === text.length - 1)) {
      throw new UsageError(`${option} must be ${form}, such as ${example}`);
    }
    return [text.slice(0, at), text.slice(at + 1)];
  });
  if (new Set(entries.map(([name]) => name)).size < entries.length) {
    throw new UsageError(`${option} is given twice for the same ${form.split("=")[0]}`);
  }
  return Object.fromEntries(entries);
}
