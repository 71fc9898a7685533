import type {
  Attributes,
  Counter,
  Histogram,
  MeterProvider,
  UpDownCounter,
} from "@opentelemetry/api";
import type { ConnectionMessage, ResumeMessage, RetryMessage } from "../diagnostics/messages.js";
import {
  type CallEnd,
  ERROR_TYPE,
  errorType,
  PROTOCOL_VERSION,
  RPC_METHOD,
  serverAttributes,
} from "./attributes.js";
import type { Scope } from "./scope.js";

// What the conventions advise for both durations, in seconds.
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The metrics of all clients of this program. */
export class Instruments {
  readonly #rpcDuration: Histogram;
  readonly #httpDuration: Histogram;
  readonly #retries: Counter;
  readonly #outages: Counter;
  readonly #resumes: Counter;
  readonly #replayed: Counter;
  readonly #connections: UpDownCounter;
  readonly #streams: UpDownCounter;
  // What was counted up and is to be counted down.
  readonly #open = new Map<object | number, () => void>();

  constructor(provider: MeterProvider, { name, version, options }: Scope) {
    const meter = provider.getMeter(name, version, options);
    const seconds = { unit: "s", advice: { explicitBucketBoundaries: BOUNDARIES } };
    this.#rpcDuration = meter.createHistogram("rpc.client.call.duration", {
      description: "Measures the duration of an outgoing Remote Procedure Call (RPC).",
      ...seconds,
    });
    this.#httpDuration = meter.createHistogram("http.client.request.duration", {
      description: "Duration of HTTP client requests.",
      ...seconds,
    });
    this.#retries = meter.createCounter("aiem.client.retries", {
      description: "Failed attempts that another one followed.",
      unit: "{retry}",
    });
    this.#outages = meter.createCounter("aiem.client.outages", {
      description:
        "How often a call that had not failed, or got further, met a failure it retried.",
      unit: "{outage}",
    });
    this.#resumes = meter.createCounter("aiem.client.resumes", {
      description: "How often a stream of output went on after a break.",
      unit: "{resume}",
    });
    this.#replayed = meter.createCounter("aiem.client.replay.size", {
      description: "Bytes of output that were sent again after a break, checked and dropped.",
      unit: "By",
    });
    this.#connections = meter.createUpDownCounter("aiem.client.connections", {
      description: "Open connections.",
      unit: "{connection}",
    });
    this.#streams = meter.createUpDownCounter("aiem.client.streams", {
      description: "Requests whose answer has not ended.",
      unit: "{stream}",
    });
  }

  /** @param seconds how long the call took. */
  called({ isHttp, attributes }: CallEnd, seconds: number): void {
    (isHttp ? this.#httpDuration : this.#rpcDuration).record(seconds, attributes);
  }

  retried({ rpcMethod, server, failures, error }: RetryMessage): void {
    const attributes = {
      [RPC_METHOD]: rpcMethod,
      ...serverAttributes(server),
      [ERROR_TYPE]: errorType(error, undefined),
    };
    this.#retries.add(1, attributes);
    if (failures === 1) {
      this.#outages.add(1, attributes);
    }
  }

  resumed({ server, replayedBytes }: ResumeMessage): void {
    this.#resumes.add(1, serverAttributes(server));
    this.#replayed.add(replayedBytes, serverAttributes(server));
  }

  connection(message: ConnectionMessage): void {
    const { event, id, httpVersion } = message;
    if (event === "opened") {
      const attributes = { ...serverAttributes(message), [PROTOCOL_VERSION]: httpVersion };
      this.#up(id, this.#connections, attributes);
    } else if (event === "closed") {
      this.down(id);
    }
  }

  streamOpened(key: object, attributes: Attributes): void {
    this.#up(key, this.#streams, attributes);
  }

  /** Without effect where it was not counted up. */
  down(key: object | number): void {
    this.#open.get(key)?.();
    this.#open.delete(key);
  }

  /** Nothing is open any more, as far as these can tell. */
  close(): void {
    for (const key of this.#open.keys()) {
      this.down(key);
    }
  }

  #up(key: object | number, counter: UpDownCounter, attributes: Attributes): void {
    counter.add(1, attributes);
    this.#open.set(key, () => counter.add(-1, attributes));
  }
}
