/**
 * Why no connection could be made. "certificate", "tls", "protocol" and "options" stay until
 * somebody changes something; the others may pass. "silence" is a timeout of a connection that was
 * there, on which the server did not begin HTTP/2.
 */
export type ConnectFailureKind =
  | "refused"
  | "dns"
  | "timeout"
  | "silence"
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
