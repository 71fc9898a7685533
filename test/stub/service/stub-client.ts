import { type Client, createClient } from "@connectrpc/connect";

import { ProcessService } from "../../../src/gen.js";
import {
  createStubTransport,
  type StubOptions,
  type StubTransport,
} from "../../../src/stub/index.js";

/** A stub in memory, and a client of it. */
export interface StubClient extends StubTransport {
  readonly client: Client<typeof ProcessService>;
  /** Creates a process that a shell runs, starts it, and returns its name. */
  run(script: string): Promise<string>;
}

export function createStubClient(options?: StubOptions): StubClient {
  const stub = createStubTransport(options);
  const client = createClient(ProcessService, stub.transport);
  return {
    ...stub,
    client,
    async run(script) {
      const { process } = await client.createProcess({
        parent: stub.parent,
        process: { command: "/bin/sh", args: ["-c", script] },
        autoRun: true,
      });
      return process?.name ?? "";
    },
  };
}
