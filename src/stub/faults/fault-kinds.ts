import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { statusCode } from "../../model/status-names.js";
import { refusingByTypeError, requireObject } from "../../rules/check-options.js";
import { refuseUnknownNames } from "../check-options.js";
import { type CallWire, callWireKey } from "./call-wire.js";
import { checkDelay, checkGoaway, checkHttp, checkHttp2Code, checkStatus } from "./fault-values.js";
import { type Release, untilReleased } from "./release.js";
import {
  type CallPoint,
  FAULT_METHODS,
  type Fault,
  type FaultMethod,
  type FaultPoint,
  type FaultTarget,
  type OutputPoint,
  PROCESS_METHODS,
  type StatusFault,
} from "./stub-faults.js";

const STREAMS: ReadonlySet<string> = new Set(["StreamOutput", "ServerReflectionInfo", "Watch"]);

const COMMON_OPTIONS = ["fault", "at", "method", "process", "nth"] as const satisfies (
  | keyof FaultTarget
  | "fault"
  | "at"
)[];

/** How a call goes on after a fault has struck: as if nothing was, or to its end at once. */
export type AfterStrike = "go on" | "end";

/** A call that a fault strikes. */
export interface StruckContext {
  readonly context: HandlerContext;
  /** Released when the fault is removed. */
  readonly release: Release;
}

/** Where a fault is to strike; undefined where its kind decides. */
type Place = CallPoint | "output" | undefined;

/** All that there is to know of one kind of fault. */
interface FaultKind<F extends Fault> {
  /** What can be said of it, besides the point and the target. */
  readonly options: readonly Exclude<keyof F, "fault" | "at">[];
  /** Whether it needs a connection, which there is none of in memory. */
  readonly network: boolean;
  /** Where it strikes by default. */
  readonly point: CallPoint;
  /** Refuses values and places that this kind cannot have; by a TypeError. */
  check?(fault: F & FaultTarget, place: Place): void;
  /**
   * Strikes.
   * @throws what the call fails with; where the response is taken out of its hands, nobody hears it.
   */
  strike(fault: F, call: StruckContext): Promise<AfterStrike>;
}

type FaultOf = { readonly [K in Fault["fault"]]: Extract<Fault, { readonly fault: K }> };

const KINDS: { readonly [K in keyof FaultOf]: FaultKind<FaultOf[K]> } = {
  status: {
    options: ["code", "message", "metadata", "details"],
    network: false,
    point: "before",
    check: checkStatus,
    async strike(fault) {
      throw statusOf(fault);
    },
  },
  delay: {
    options: ["ms"],
    network: false,
    point: "before",
    check: checkDelay,
    async strike({ ms }, { context: { signal }, release }) {
      await untilReleased({ release, signal, ms });
      return "go on";
    },
  },
  hang: {
    options: [],
    network: false,
    point: "before",
    async strike(_fault, { context: { signal }, release }) {
      await untilReleased({ release, signal });
      return "go on";
    },
  },
  drop: {
    options: [],
    network: false,
    point: "after",
    check(_fault, place) {
      refuseOutput("drop", place);
      if (place === "before") {
        throw new TypeError('at: drop loses the response to an effect: use reset for "before"');
      }
    },
    async strike(_fault, { context }) {
      await context.values.get(callWireKey)?.reset(context.signal);
      throw lost();
    },
  },
  end: {
    options: [],
    network: false,
    // Not used: there is no default, and `check` insists on a point in the output.
    point: "after",
    check(_fault, place) {
      if (place !== "output") {
        throw new TypeError("at: end strikes in the output: give { bytes } or { messages }");
      }
    },
    async strike() {
      return "end";
    },
  },
  reset: {
    options: [],
    network: true,
    point: "before",
    async strike(_fault, { context }) {
      await wireOf(context).reset(context.signal);
      throw lost();
    },
  },
  close: {
    options: [],
    network: true,
    point: "before",
    async strike(_fault, { context }) {
      await wireOf(context).close(context.signal);
      throw lost();
    },
  },
  "rst-stream": {
    options: ["code"],
    network: true,
    point: "before",
    check: ({ code }) => checkHttp2Code(code),
    async strike({ code = "INTERNAL_ERROR" }, { context }) {
      await wireOf(context).resetStream(code, context.signal);
      throw lost();
    },
  },
  goaway: {
    options: ["code", "processed", "debugData"],
    network: true,
    point: "before",
    check(fault, place) {
      checkGoaway(fault);
      if (fault.processed === false && place !== undefined && place !== "before") {
        throw new TypeError('processed: only at "before" can a call be told to be unprocessed');
      }
    },
    async strike(fault, { context }) {
      await wireOf(context).goaway(fault, context.signal);
      if (fault.processed === false) {
        throw lost();
      }
      return "go on";
    },
  },
  "no-trailers": {
    options: [],
    network: true,
    point: "after",
    check(_fault, place) {
      if (place === "before") {
        throw new TypeError(
          'at: no-trailers leaves out the end of a response, so "before" is too early: give "after", { bytes } or { messages }',
        );
      }
    },
    async strike(_fault, { context }) {
      wireOf(context).omitTrailers();
      return "end";
    },
  },
  blackhole: {
    options: [],
    network: true,
    point: "before",
    async strike(_fault, { context, release }) {
      const undo = await wireOf(context).silence(context.signal);
      // Not only while this call waits: the connection stays silent after the call's deadline.
      release.onRelease(undo);
      await untilReleased({ release, signal: context.signal });
      return "go on";
    },
  },
  http: {
    options: ["status", "headers", "body"],
    network: true,
    point: "before",
    check(fault, place) {
      checkHttp(fault);
      refuseOutput("http", place === "after" && STREAMS.has(fault.method) ? "output" : place);
    },
    async strike(fault, { context }) {
      wireOf(context).answer(fault);
      throw lost();
    },
  },
};

/**
 * Checks what types cannot: callers in JavaScript, and values that depend on each other.
 *
 * @throws TypeError for a fault that cannot be.
 */
export function checkFault(rule: Fault & FaultTarget, where: { network: boolean }): void {
  refusingByTypeError(() => checkRule(rule, where));
}

function checkRule(rule: Fault & FaultTarget, { network }: { network: boolean }): void {
  requireObject("fault", rule);
  checkTarget(rule, network ? FAULT_METHODS : PROCESS_METHODS);
  const { fault } = rule;
  if (!Object.hasOwn(KINDS, fault)) {
    throw new TypeError(`fault: there is no fault ${JSON.stringify(fault)}`);
  }
  if (!network && KINDS[fault].network) {
    const possible = Object.entries(KINDS).flatMap(([name, kind]) => (kind.network ? [] : name));
    throw new TypeError(
      `fault: ${fault} needs a connection, and in memory there is none: use startStubServer, ` +
        `or one of ${possible.join(", ")}`,
    );
  }
  refuseUnknownNames("faults.add", rule, [...COMMON_OPTIONS, ...KINDS[fault].options]);
  checkKind(fault, rule, placeOf(rule));
}

function checkKind<K extends keyof FaultOf>(
  kind: K,
  rule: FaultOf[K] & FaultTarget,
  place: Place,
): void {
  KINDS[kind].check?.(rule, place);
}

/** When a fault strikes, the default of its kind put in. */
export function pointOf(fault: Fault): FaultPoint {
  return fault.at ?? KINDS[fault.fault].point;
}

/** Lets a fault strike a call; see `FaultKind.strike`. */
export function strike(fault: Fault, call: StruckContext): Promise<AfterStrike> {
  return strikeKind(fault.fault, fault, call);
}

function strikeKind<K extends keyof FaultOf>(
  kind: K,
  fault: FaultOf[K],
  call: StruckContext,
): Promise<AfterStrike> {
  return KINDS[kind].strike(fault, call);
}

function checkTarget({ method, process, nth }: FaultTarget, methods: readonly FaultMethod[]): void {
  if (method !== "*" && !methods.includes(method)) {
    throw new TypeError(`method: must be "*" or one of ${methods.join(", ")}`);
  }
  if (process !== undefined && typeof process !== "string") {
    throw new TypeError("process: must be the resource name of a process");
  }
  if (nth !== undefined && nth !== "every" && !(Number.isInteger(nth) && nth >= 1)) {
    throw new TypeError(`nth: must be "every" or an integer from 1, but is ${String(nth)}`);
  }
}

/** @throws TypeError for a point that no fault of the method can have. */
function placeOf({ at, method }: Fault & FaultTarget): Place {
  if (at === undefined || at === "before" || at === "after") {
    return at;
  }
  if (!isOutputPoint(at)) {
    throw new TypeError(
      'at: must be "before", "after", { bytes } or { messages } with an integer from 0',
    );
  }
  if (method !== "StreamOutput") {
    throw new TypeError("at: output is counted in calls of StreamOutput: set that method");
  }
  return "output";
}

/** Whether this is a point in the output, and a possible one. */
function isOutputPoint(at: unknown): at is OutputPoint {
  if (typeof at !== "object" || at === null) {
    return false;
  }
  const [count, ...others] = Object.values(at);
  const isKnown = "bytes" in at || "messages" in at;
  return isKnown && others.length === 0 && Number.isInteger(count) && count >= 0;
}

function refuseOutput(fault: string, place: Place): void {
  if (place === "output") {
    throw new TypeError(`at: ${fault} cannot strike once output is on its way`);
  }
}

function statusOf({ code, message, metadata, details }: StatusFault): ConnectError {
  // A new one for each call: on its way out, protocols add to its metadata.
  const number = statusCode(code) ?? Code.Unknown;
  return new ConnectError(message ?? "an injected fault", number, metadata, [...(details ?? [])]);
}

function wireOf(context: HandlerContext): CallWire {
  const wire = context.values.get(callWireKey);
  if (wire === undefined) {
    throw new ConnectError("an injected fault needs a connection, and has none", Code.Internal);
  }
  return wire;
}

function lost(): ConnectError {
  return new ConnectError("the response was lost to an injected fault", Code.Unavailable);
}
