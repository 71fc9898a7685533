import { Code } from "@connectrpc/connect";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import type { TestCertificate } from "../../support/certificates.js";
import { closing } from "../../transport/support/cleanup.js";

const SECRET = "workspaces/w/secrets/s/versions/1";

/**
 * Starts what a scenario talks to, until the end of its test.
 *
 * @returns the variables that tell a scenario of it
 */
export async function startServers(tls: TestCertificate): Promise<Record<string, string>> {
  const users = { "token-first": "users/first", "token-other": "users/other" };
  const secrets = { [SECRET]: "s3crét" };
  const platform = { refreshTokens: { refresh: "users/first" } };
  const stub = closing(await startStubServer({ users, secrets, platform }));
  const secure = closing(await startStubServer({ users, tls }));
  const { name: stopped } = stub.engines.create("workspaces/w/sandboxEngines/stopped", {
    state: "STATE_TERMINATED",
  });
  breakOneStream(stub);
  return {
    AIEM_URL: stub.url,
    AIEM_TOKEN: stub.token,
    AIEM_PARENT: stub.parent,
    AIEM_OTHER_TOKEN: "token-other",
    AIEM_STOPPED_PARENT: stopped,
    AIEM_TLS_URL: secure.url,
    H2O_ENVIRONMENT: stub.url,
    SECRET_VERSION: SECRET,
    SECRET_VALUE: secrets[SECRET] ?? "",
  };
}

function breakOneStream({ faults, parent }: StubServer): void {
  faults.add({
    method: "StreamOutput",
    process: `${parent}/processes/breaks`,
    fault: "status",
    code: Code.Unavailable,
    message: "the engine was moved",
    at: { bytes: 3 },
  });
}
