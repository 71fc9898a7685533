import { FaultRegistry } from "./fault-registry.js";
import type { Links } from "./network/links.js";
import type { StubServerFaults } from "./stub-faults.js";

/** The faults of a server. */
export class ServerFaults extends FaultRegistry implements StubServerFaults {
  readonly #links: Links;

  constructor(links: Links) {
    super({ network: true });
    this.#links = links;
  }

  closeConnections(how: "close" | "reset" = "close"): void {
    this.#links.end(how);
  }
}
