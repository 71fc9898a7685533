import { spawnSync } from "node:child_process";

/** A Python that H2O's client can run on. */
export interface Python {
  readonly command: string;
  /** Which one it is: what is installed for another one does not fit. */
  readonly identity: string;
}

// The package asks for 3.8, but release 1.10.2 has annotations (`X | Y`) that need 3.10.
const PROBE = `
import sys
print(sys.version, sys.base_prefix) if sys.version_info >= (3, 10) else sys.exit("too old")
`;

/** The first Python that is new enough, in PATH; undefined where there is none. */
export function findPython(): Python | undefined {
  for (const command of ["python3", "python"]) {
    const { status, stdout } = spawnSync(command, ["-c", PROBE], {
      encoding: "utf8",
      timeout: 20_000,
    });
    if (status === 0) {
      return { command, identity: stdout.trim() };
    }
  }
  return undefined;
}
