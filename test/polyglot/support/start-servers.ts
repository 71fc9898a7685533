import { Code } from "@connectrpc/connect";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import {
  ENGINE_MANAGER,
  PLATFORM,
  startEnvironment,
} from "../../auth/support/discovery-service.js";
import type { HttpService, Reply } from "../../auth/support/http-service.js";
import { granted } from "../../auth/support/identity-provider.js";
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
  const stub = closing(await startStubServer({ users, secrets }));
  const secure = closing(await startStubServer({ users, tls }));
  const environment = await startEnvironmentOf(stub);
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
    H2O_ENVIRONMENT: environment.url,
    SECRET_VERSION: SECRET,
    SECRET_VALUE: secrets[SECRET] ?? "",
  };
}

/** An H2O environment whose AIEM is the stub, and whose identity provider knows each refresh token. */
export function startEnvironmentOf(stub: StubServer): Promise<HttpService> {
  return startEnvironment({ answer: ({ path }) => environmentAnswer(path, stub) });
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

/** Lists as the real service must give them: H2O's client takes an empty token for a next page. */
function environmentAnswer(path: string, { url, token }: StubServer): Reply | undefined {
  switch (path.split("/").at(-1)) {
    case "services":
      return { body: { services: [{ ...ENGINE_MANAGER, uri: url }] } };
    case "clients":
      return { body: { clients: [PLATFORM] } };
    case "token":
      return granted(token);
    default:
      return undefined;
  }
}
