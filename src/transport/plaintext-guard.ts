import { Code } from "@connectrpc/connect";
import { type Failure, FailureThrown } from "../errors/outcome.js";
import { isLoopbackAddress } from "../model/loopback.js";
import type { ServerAddress } from "./aiem-url.js";

/**
 * Sees to it that no token goes where others can read it on its way. Without TLS it may go to this
 * machine only: the name of the server tells that at first, and the address of each connection
 * whether it is true. RFC 6761 keeps `x.localhost` on this machine, but not every resolver does.
 */
export class PlaintextGuard {
  readonly #address: ServerAddress;
  readonly #allowed: boolean;
  readonly #hint: string;
  #hasToken = false;
  // The address of another machine that a connection was made to, while there was no token.
  #elsewhere: string | undefined;

  /** @param hint what else can be done than using https. */
  constructor(address: ServerAddress, allowed: boolean, hint = "") {
    this.#address = address;
    this.#allowed = allowed || address.secure;
    this.#hint = hint;
  }

  /** A token is to be sent. @returns why it must not be. */
  admitToken(): Failure | undefined {
    this.#hasToken = true;
    const { loopback } = this.#address;
    return this.#allowed || (loopback && this.#elsewhere === undefined)
      ? undefined
      : this.#refusal();
  }

  /**
   * A connection is made; nothing was sent on it yet.
   *
   * @throws FailureThrown if it goes to another machine, and tokens are to go over it.
   */
  connected(remoteAddress: string | undefined): void {
    const isFine = this.#allowed || !this.#address.loopback;
    // That of a socket which is closed already is not known.
    if (isFine || remoteAddress === undefined || isLocal(remoteAddress)) {
      return;
    }
    this.#elsewhere = remoteAddress;
    if (this.#hasToken) {
      throw new FailureThrown(this.#refusal());
    }
  }

  #refusal(): Failure {
    const { origin, host } = this.#address;
    const elsewhere =
      this.#elsewhere === undefined
        ? ""
        : `, since ${host} is ${this.#elsewhere}, which is not this machine`;
    const message = `refused to send a token unencrypted to ${origin}${elsewhere}; use https://${this.#hint}`;
    return { kind: "local", code: Code.FailedPrecondition, message };
  }
}

// A socket for both families tells an IPv4 address as one of IPv6.
function isLocal(address: string): boolean {
  return isLoopbackAddress(address.replace(/^::ffff:/i, ""));
}
