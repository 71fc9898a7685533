import { decodeBase64, encodeBase64 } from "./base64.js";

const TICKET_BYTES = 4;

/**
 * Bytes that are kept aside while protobuf-es converts a message: it takes seconds for the base64 of
 * 16 MiB, Buffer a tenth of one. A ticket of four bytes stands for them.
 */
export class HeldBytes<T> {
  readonly #held: T[] = [];

  /** Keeps something, and gives its ticket. */
  hold(value: T): Uint8Array<ArrayBuffer> {
    const ticket = new Uint8Array(TICKET_BYTES);
    new DataView(ticket.buffer).setUint32(0, this.#held.push(value) - 1);
    return ticket;
  }

  /** Keeps something, and gives its ticket in base64. */
  holdAsText(value: T): string {
    return encodeBase64(this.hold(value));
  }

  /** What the ticket stands for. */
  redeem(ticket: Uint8Array | undefined): T {
    const view = ticket && new DataView(ticket.buffer, ticket.byteOffset, ticket.byteLength);
    const value = view && this.#held[view.getUint32(0)];
    if (value === undefined) {
      throw new Error("no ticket of what is held");
    }
    return value;
  }

  /** What a ticket in base64 stands for. */
  redeemText(ticket: string): T {
    return this.redeem(decodeBase64(ticket));
  }
}
