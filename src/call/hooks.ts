import { publishResume, publishRetry } from "../diagnostics/channels.js";
import type { ResumeMessage, RetryMessage, ServerInfo } from "../diagnostics/messages.js";
import type { ProtocolEvent } from "../transport/protocol-event.js";

/** A failed attempt that will be followed by another one. */
export interface RetryEvent {
  /** The RPC, such as `GetProcess`. */
  readonly method: string;
  /** The resource name that it is about. */
  readonly resource: string;
  /** How many attempts in a row have failed. */
  readonly failures: number;
  /** The pause before the next attempt, in milliseconds. */
  readonly delayMs: number;
  /** What the attempt failed with. */
  readonly error: unknown;
}

/** A stream of output that goes on after a break. */
export interface ResumeEvent {
  /** The resource name of the process. */
  readonly resource: string;
  /** How many bytes the server sent again, which were checked and dropped. */
  readonly replayedBytes: number;
  /** What broke the stream. */
  readonly error: unknown;
}

/** Functions that are told what a client does by itself. An error of theirs fails the call. */
export interface ClientHooks {
  /** Called before the pause before another attempt. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
  /** Called when a broken stream of output has reached the point where it broke. */
  readonly onResume?: ((event: ResumeEvent) => void) | undefined;
  /**
   * Called when `protocol: "auto"` has settled which protocol is spoken, and again should that prove
   * wrong later.
   */
  readonly onProtocol?: ((event: ProtocolEvent) => void) | undefined;
}

/** Who is told. */
interface Listening {
  readonly hooks: ClientHooks;
  readonly server: ServerInfo;
}

/**
 * Tells of a failed attempt that another one follows.
 *
 * @param error makes what it failed with, for each that is told.
 * @throws what the hook throws.
 *
 * @internal
 */
export function tellRetry(
  { hooks, server }: Listening,
  rpc: { readonly name: string; readonly parent: { readonly typeName: string } },
  about: Pick<RetryMessage, "call" | "resource" | "failures" | "delayMs">,
  error: () => unknown,
): void {
  publishRetry(rpc, () => ({ ...about, server, error: error() }));
  const { resource, failures, delayMs } = about;
  hooks.onRetry?.({ method: rpc.name, resource, failures, delayMs, error: error() });
}

/**
 * Tells of a stream of output that goes on after a break; otherwise as `tellRetry`.
 *
 * @internal
 */
export function tellResume(
  { hooks, server }: Listening,
  about: Pick<ResumeMessage, "call" | "resource" | "replayedBytes">,
  error: () => unknown,
): void {
  publishResume(() => ({ ...about, server, error: error() }));
  const { resource, replayedBytes } = about;
  hooks.onResume?.({ resource, replayedBytes, error: error() });
}
