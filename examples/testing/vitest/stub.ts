import { ProcessClient } from "aiem-process-client";
import { type StubServer, startStubServer } from "aiem-process-client/stub";
import { test as base } from "vitest";

interface Fixtures {
  readonly stub: StubServer;
  readonly parent: string;
  readonly client: ProcessClient;
}

let engines = 0;

/** A stub for each test file; an engine and a client for each test. */
export const test = base.extend<Fixtures>({
  stub: [
    async ({}, use) => {
      const stub = await startStubServer();
      await use(stub);
      await stub.close();
    },
    { scope: "file" },
  ],
  parent: async ({ stub }, use) => {
    engines += 1;
    const { name } = stub.engines.create(`workspaces/test/sandboxEngines/engine-${engines}`);
    await use(name);
    // The next test finds the server as this one did, whatever has failed here.
    stub.faults.clear();
    await stub.listen();
    await stub.engines.delete(name);
  },
  client: async ({ stub }, use) => {
    const client = new ProcessClient(stub.connection);
    await use(client);
    client.close();
  },
});
