/** The RPCs of the ProcessService, as the contract names them. */
export const FAULT_METHODS = [
  "CreateProcess",
  "StartProcess",
  "GetProcess",
  "ListProcesses",
  "SendSignal",
  "WaitProcess",
  "ReadOutput",
  "ReadOutputFrames",
  "StreamOutput",
] as const;

/** An RPC that faults can be injected into. */
export type FaultMethod = (typeof FAULT_METHODS)[number];

/** Which calls a fault is for. */
export interface FaultTarget {
  /** The RPC; `"*"` is each of them. */
  readonly method: FaultMethod | "*";
  /**
   * The resource name of a process: only calls that name it count. For CreateProcess that is the
   * name made of the request's `parent` and `process_id`; ListProcesses names none.
   *
   * @default undefined any process
   */
  readonly process?: string;
  /**
   * Which of the matching calls, counted from 1 at the time of adding; a call counts when it
   * begins. The fault is for that one call only, or for `"every"` one.
   *
   * @default 1 the next one
   */
  readonly nth?: number | "every";
}
