import { createClient } from "@connectrpc/connect";
import { ProcessService } from "../../../src/gen.js";
import { ProcessClient } from "../../../src/index.js";
import { createStubTransport } from "../../../src/stub/index.js";
import type { FullContractTarget } from "../contract-target.js";
import { authorized, recording } from "./requests.js";

/** The engines in this program, reached without a network. */
export const memoryTarget: FullContractTarget = {
  name: "in memory",
  async open(options) {
    const { transport, parent, engines, close } = createStubTransport(options);
    const sent: string[] = [];
    const clients: ProcessClient[] = [];
    const clientOf = (own: typeof transport) => {
      const client = new ProcessClient({ transport: own });
      clients.push(client);
      return client;
    };
    return {
      client: clientOf(recording(transport, sent)),
      parent,
      engines,
      sent,
      service: createClient(ProcessService, transport),
      clientAs: (token) => clientOf(authorized(transport, token)),
      async [Symbol.asyncDispose]() {
        for (const client of clients) {
          client.close();
        }
        await close();
      },
    };
  },
};
