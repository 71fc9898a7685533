import type { ProcessClient } from "../../../src/index.js";
import type { Stub } from "../../../src/stub/create-stub.js";
import type { StubFaults } from "../../../src/stub/index.js";
import type { OpenTarget } from "../contract-target.js";

/**
 * An open target whose clients are made by `connect`, one for each user asked for. Disposing closes
 * them, then what is behind them.
 */
export function openTarget(
  stub: Pick<Stub, "token" | "parent" | "engines"> & { readonly faults: Pick<StubFaults, "calls"> },
  connect: (token: string) => ProcessClient,
  close: () => Promise<void>,
): OpenTarget {
  const clients: ProcessClient[] = [];
  const clientAs = (token: string) => {
    const client = connect(token);
    clients.push(client);
    return client;
  };
  return {
    client: clientAs(stub.token),
    parent: stub.parent,
    engines: stub.engines,
    streamsTaken: () => stub.faults.calls("StreamOutput"),
    clientAs,
    async [Symbol.asyncDispose]() {
      for (const client of clients) {
        client.close();
      }
      await close();
    },
  };
}
