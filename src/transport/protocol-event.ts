/**
 * Where the numbers of a client's messages come from.
 *
 * @inline
 */
export type ContractOrigin = "built-in" | "descriptors" | "reflection" | "guarded";

/** What a client has settled on. */
export interface ProtocolEvent {
  /** The protocol of all calls from now on, unless that proves wrong later. */
  readonly protocol: "grpc" | "rest";
  /**
   * Who vouches for the field and enum numbers: this package ("built-in"), the FileDescriptorSet of the
   * option `contract`, the server ("reflection"), or nobody, so that every answer is checked
   * ("guarded"). REST has no numbers ("names").
   */
  readonly contract: ContractOrigin | "names";
  /** How the server's numbers or package differ from this package's; undefined where nothing does. */
  readonly adapted: string | undefined;
  /** Why, in words. */
  readonly reason: string;
  /** What a call over the other protocol failed with, where that is the reason. */
  readonly error: unknown;
}

/**
 * Is told each time that the protocol or its numbers are settled; an error of it fails the call that
 * settled it.
 */
export type ProtocolHook = (event: ProtocolEvent) => void;
