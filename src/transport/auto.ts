import { ConnectError } from "@connectrpc/connect";
import { type Failure, failed } from "../errors/outcome.js";
import { foreign } from "./foreign-failure.js";
import type { EnvironmentProxy } from "./proxy/environment-proxy.js";
import { shownFailure } from "./shown-failure.js";
import type { Attempt, Batch, ClientWire, OutputSource, Wire } from "./wire.js";

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

/** What to choose from. */
export interface AutoOptions {
  readonly grpc: ClientWire;
  readonly rest: ClientWire;
  /** The proxy of the environment, which gRPC cannot use. */
  readonly proxy: EnvironmentProxy | undefined;
  readonly onProtocol: ProtocolHook | undefined;
}

/**
 * Speaks gRPC, until a call proves that it is not spoken there; REST from then on. A call that proves
 * it is sent once more over REST: the proof is that nothing saw it. Calls that run at the same time
 * need not wait for each other: the first answer or proof decides, once.
 */
export function autoWire({ grpc, rest, proxy, onProtocol }: AutoOptions): ClientWire {
  let settled: ProtocolEvent["protocol"] | undefined;

  /** @throws what the hook throws. */
  function settle(protocol: ProtocolEvent["protocol"], reason: string, error?: unknown): void {
    if (settled === undefined) {
      settled = protocol;
      onProtocol?.({ protocol, reason, error });
    }
  }

  /** Notes what an attempt over gRPC came to; tells whether it goes over REST again. */
  function settleBy(raw: Failure | undefined, { evidence }: Attempt): boolean {
    const failure = raw && shownFailure(raw, evidence);
    if (settled !== undefined && failure?.noGrpc === undefined) {
      return false;
    }
    if (failure?.noGrpc !== undefined) {
      const { noGrpc, code, metadata } = failure;
      settle("rest", noGrpc, new ConnectError(noGrpc, code, metadata, undefined, failure.cause));
      return settled === "rest";
    }
    if (failure === undefined || (evidence.answered && isServersWord(failure))) {
      settle("grpc", "the server has answered");
    }
    return false;
  }

  function current(): Wire | undefined {
    if (proxy) {
      settle("rest", `${proxy.variable} names a proxy, which gRPC cannot use`);
    }
    return settled === undefined ? undefined : settled === "rest" ? rest : grpc;
  }

  return {
    close() {
      grpc.close();
      rest.close();
    },
    async unary(method, input, attempt) {
      try {
        const wire = current();
        if (wire) {
          return await wire.unary(method, input, attempt);
        }
        const outcome = await grpc.unary(method, input, attempt);
        const again = settleBy(outcome.ok ? undefined : outcome.failure, attempt);
        return again && !attempt.limit.isEnded ? await rest.unary(method, input, attempt) : outcome;
      } catch (thrown) {
        return failed(foreign("local", thrown));
      }
    },
    output(request, attempt) {
      try {
        const wire = current();
        return wire
          ? wire.output(request, attempt)
          : new UnsettledOutput(
              grpc.output(request, attempt),
              (failure) => settleBy(failure, attempt),
              () => rest.output(request, attempt),
            );
      } catch (thrown) {
        return new FailedOutput(foreign("local", thrown));
      }
    },
  };
}

// A status of gRPC, from whoever: REST's edge would not have sent it.
function isServersWord({ kind, metadata }: Failure): boolean {
  return kind !== "lost" && (metadata?.has("grpc-status") ?? false);
}

/** A stream over gRPC that begins again over REST where gRPC is not spoken. */
class UnsettledOutput implements OutputSource {
  readonly #settle: (failure: Failure | undefined) => boolean;
  readonly #restart: () => OutputSource;
  #source: OutputSource;
  #isSettled = false;
  #isClosed = false;

  constructor(
    source: OutputSource,
    settle: (failure: Failure | undefined) => boolean,
    restart: () => OutputSource,
  ) {
    this.#source = source;
    this.#settle = settle;
    this.#restart = restart;
  }

  take(): Batch | undefined {
    return this.#source.take();
  }

  async wait() {
    const outcome = await this.#source.wait();
    if (this.#isSettled || this.#isClosed) {
      return outcome;
    }
    this.#isSettled = true;
    try {
      if (this.#settle(outcome.ok ? undefined : outcome.failure)) {
        this.#source = this.#restart();
        return await this.#source.wait();
      }
    } catch (thrown) {
      this.#source.close();
      return failed(foreign("local", thrown));
    }
    return outcome;
  }

  close(): void {
    this.#isClosed = true;
    this.#source.close();
  }
}

/** A stream that could not be opened. */
class FailedOutput implements OutputSource {
  readonly #failure: Failure;

  constructor(failure: Failure) {
    this.#failure = failure;
  }

  take(): undefined {}

  async wait() {
    return failed(this.#failure);
  }

  close(): void {}
}
