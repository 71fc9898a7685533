/**
 * Why no connection could be made. "certificate", "tls", "protocol" and "options" stay until
 * somebody changes something; the others may pass.
 */
export type ConnectFailureKind =
  | "refused"
  | "dns"
  | "timeout"
  | "network"
  | "certificate"
  | "tls"
  | "protocol"
  | "options";

/** Why, and what to tell. */
export interface ConnectFailureReason {
  readonly kind: ConnectFailureKind;
  /** What happened and what to do, to follow 'cannot connect to <address>: '. */
  readonly text: string;
}
