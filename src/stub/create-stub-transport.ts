import { createRouterTransport, type Interceptor, type Transport } from "@connectrpc/connect";

import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { checkStubOptions } from "./check-options.js";
import { createStub } from "./create-stub.js";
import { FaultRegistry } from "./faults/fault-registry.js";
import { injectFaults } from "./faults/inject-faults.js";
import type { CallFault, StubFaults } from "./faults/stub-faults.js";
import type { StubEngines } from "./stub-engines.js";
import { STUB_OPTION_RULES, type StubOptions } from "./stub-options.js";

/** An embedded engine that is reached without a network. */
export interface StubTransport extends AsyncDisposable {
  /**
   * Carries calls to the engine. A call without an `authorization` header is the first user's; one
   * with it is whose the token is.
   */
  readonly transport: Transport;
  /** The first user's token. */
  readonly token: string;
  /** The name of the first engine. */
  readonly parent: string;
  /** The engines, to create further ones and to change their states. */
  readonly engines: StubEngines;
  /** Faults to inject into calls: those that need no connection. */
  readonly faults: StubFaults<CallFault>;
  /**
   * Ends the engines and their processes, and removes what they left on disk. Further calls do
   * nothing.
   *
   * @throws Error, naming the sessions, where the machine does not let processes be killed:
   * all else is gone then.
   */
  close(): Promise<void>;
}

/**
 * Starts an engine inside this process, and makes a Connect transport that calls it in memory:
 * `new ProcessClient({ transport })`. Messages are encoded and decoded as on a network.
 *
 * **It isolates nothing.** Processes are real ones of this machine: they run as the current user,
 * with its rights, its files and its network. Signals reach a process's whole session, but descendants
 * that leave it (`setsid`) are out of reach, and survive close().
 *
 * @throws TypeError where `users` or `engines` are given and empty, and for an option, a token, an
 * engine's name, a secret's or a limit that cannot be used.
 */
export function createStubTransport(options: StubOptions = {}): StubTransport {
  checkStubOptions<StubOptions>("createStubTransport", options, STUB_OPTION_RULES);
  const stub = createStub(options);
  const faults = new FaultRegistry({ network: false });
  const service = injectFaults(stub.service, faults);
  let closed: Promise<void> | undefined;

  function close(): Promise<void> {
    // Calls that are held up go on then, and find nothing.
    closed ??= stub.close().finally(() => faults.clear());
    return closed;
  }

  return {
    transport: createRouterTransport((router) => router.service(ProcessService, service), {
      transport: { interceptors: [authorizeAs(stub.token)] },
    }),
    token: stub.token,
    parent: stub.parent,
    engines: stub.engines,
    faults,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function authorizeAs(token: string): Interceptor {
  return (next) => (request) => {
    if (!request.header.has("authorization")) {
      request.header.set("authorization", `Bearer ${token}`);
    }
    return next(request);
  };
}
