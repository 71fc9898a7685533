import type { Transport } from "@connectrpc/connect";
import { currentRecord, runInCall } from "../call-context.js";
import { CallRecord } from "../call-record.js";
import type { ClientTransport } from "../client-transport.js";
import type { EnvironmentProxy } from "../proxy/environment-proxy.js";
import { noGrpcProof } from "./no-grpc-proof.js";
import type { ProtocolEvent, ProtocolHook } from "./protocol-event.js";

/** What to choose from. */
export interface ProtocolChoiceOptions {
  readonly grpc: ClientTransport;
  readonly rest: ClientTransport;
  /** The proxy of the environment, which gRPC cannot use. */
  readonly proxy: EnvironmentProxy | undefined;
  readonly onProtocol: ProtocolHook | undefined;
}

/** Sends a call over a transport, in the time that is left. */
export type Send<T> = (transport: Transport, timeoutMs: number | undefined) => Promise<T>;

/**
 * The protocol of a client: gRPC, until a call proves that it is not spoken there. Calls that run
 * at the same time need not wait for each other: the first answer or proof decides, once.
 */
export class ProtocolChoice {
  readonly #options: ProtocolChoiceOptions;
  #settled: ProtocolEvent["protocol"] | undefined;

  constructor(options: ProtocolChoiceOptions) {
    this.#options = options;
  }

  /**
   * Sends a call, and once more over REST if gRPC is not spoken there, which proves that nothing saw
   * it the first time.
   */
  async send<T>(timeoutMs: number | undefined, send: Send<T>): Promise<T> {
    const { grpc, rest, proxy } = this.#options;
    if (proxy) {
      this.#settle("rest", `${proxy.variable} names a proxy, which gRPC cannot use`);
    }
    if (this.#settled) {
      return await send((this.#settled === "rest" ? rest : grpc).transport, timeoutMs);
    }
    const start = performance.now();
    const record = currentRecord() ?? new CallRecord();
    let answer: T;
    try {
      answer = await runInCall(record, () => send(grpc.transport, timeoutMs));
    } catch (error) {
      const proof = noGrpcProof(error, record);
      if (record.grpcStatus) {
        this.#settle("grpc", "the server has answered");
      } else if (proof !== undefined) {
        this.#settle("rest", proof, error);
      }
      if (proof === undefined || this.#settled !== "rest") {
        throw error;
      }
      return await send(rest.transport, remaining(timeoutMs, start));
    }
    this.#settle("grpc", "the server has answered");
    return answer;
  }

  #settle(protocol: ProtocolEvent["protocol"], reason: string, error?: unknown): void {
    if (!this.#settled) {
      this.#settled = protocol;
      this.#options.onProtocol?.({ protocol, reason, error });
    }
  }
}

// Not 0, which would mean that there is no limit.
function remaining(timeoutMs: number | undefined, start: number): number | undefined {
  return timeoutMs === undefined || timeoutMs <= 0
    ? timeoutMs
    : Math.max(1, timeoutMs - (performance.now() - start));
}
