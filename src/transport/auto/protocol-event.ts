/** What `protocol: "auto"` has settled on. */
export interface ProtocolEvent {
  /** The protocol of all calls from now on. */
  readonly protocol: "grpc" | "rest";
  /** Why, in words. */
  readonly reason: string;
  /** What a call over gRPC failed with, where that is the reason. */
  readonly error: unknown;
}

/** Is told once; an error of it fails the call that settled it. */
export type ProtocolHook = (event: ProtocolEvent) => void;
