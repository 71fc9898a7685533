/**
 * Before or after the engine handles a call.
 *
 * - `"before"`: nothing was done, nothing was sent.
 * - `"after"`: the call has had its effect (the process is created, started, signalled), and
 *   nothing of a unary answer was sent; of StreamOutput, all output was sent, but not the end.
 */
export type CallPoint = "before" | "after";

/**
 * A point in the output of one StreamOutput call: as soon as exactly so many bytes of output, of
 * both streams together, or so many messages were sent; a message is split where the point lies
 * inside it. 0 is before the first. Where the output ends before, the fault does not fire.
 */
export type OutputPoint = { readonly bytes: number } | { readonly messages: number };

/** When a fault strikes in a call; an OutputPoint is for the method StreamOutput only. */
export type FaultPoint = CallPoint | OutputPoint;
