import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";

const VARIABLES = [
  "AIEM_CONTRACT",
  "AIEM_TOKEN",
  "AIEM_URL",
  "H2OCONFIG",
  "H2O_CLOUD_CLIENT_PLATFORM_TOKEN",
  "H2O_CLOUD_DISCOVERY",
  "H2O_CLOUD_ENVIRONMENT",
  "H2O_CLOUD_TOKEN_ENDPOINT_URL",
  "HTTPS_PROXY",
  "NO_PROXY",
  "https_proxy",
  "no_proxy",
] as const;

/** A variable that this package reads. */
export type Variable = (typeof VARIABLES)[number];

/** Sets variables for the test that runs. */
export function setVariables(values: Partial<Record<Variable, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    vi.stubEnv(name, value);
  }
}

/**
 * Gives each test of the file an environment without our variables, and an empty home directory.
 *
 * @returns the path of the home directory.
 */
export function useEmptyEnvironment(): () => string {
  let home = "";
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "aiem-home-"));
    vi.stubEnv("HOME", home);
    vi.stubEnv("USERPROFILE", home);
    for (const name of VARIABLES) {
      vi.stubEnv(name, undefined);
    }
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });
  return () => home;
}
