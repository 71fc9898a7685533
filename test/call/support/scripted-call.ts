import { Code } from "@connectrpc/connect";
import { vi } from "vitest";
import { Limit } from "../../../src/async/limit.js";
import type { ClientHooks } from "../../../src/call/hooks.js";
import { type RetryOptions, retryPolicy } from "../../../src/call/patience.js";
import type { Call, Caller } from "../../../src/call/run.js";
import { type Failure, failed, type Outcome } from "../../../src/errors/outcome.js";
import { ProcessService } from "../../../src/gen.js";
import { type Attempt, LEFT } from "../../../src/transport/wire.js";

export const READ = ProcessService.method.getProcess;
export const WRITE = ProcessService.method.sendSignal;
export const NAME = "workspaces/w/sandboxEngines/e/processes/p";
export const CONNECTION = { isGone: false, avoid: vi.fn(), destroy: vi.fn() };

/** What an attempt comes to; it may look at what it was asked. */
export type Step =
  | Outcome<string>
  | ((attempt: Attempt) => Outcome<string> | Promise<Outcome<string>>);

export const ok = (value: string) => ({ ok: true, value }) as const;

export function failure(kind: Failure["kind"], more: Partial<Failure> = {}): Outcome<never> {
  return failed({ kind, code: Code.Unavailable, message: `it is ${kind}`, ...more });
}

export const REFUSED_TOKEN = failed({
  kind: "status",
  code: Code.Unauthenticated,
  message: "who are you?",
});

export function callerOf(
  retry: RetryOptions | false = { baseDelayMs: 0 },
  hooks: ClientHooks = {},
): Caller {
  const unused = () => {
    throw new Error("the steps of a test answer");
  };
  return {
    wire: { unary: unused, output: unused },
    policy: retryPolicy(retry),
    hooks,
    attemptTimeoutMs: 10_000,
    bulkAttemptTimeoutMs: 100_000,
    idleTimeoutMs: 60_000,
    life: new Limit(),
    server: { protocol: "grpc", address: "127.0.0.1", port: 1 },
  };
}

/** A call whose attempts come to these steps, one after another. */
export function callOf(steps: readonly Step[], more: Partial<Call<string>> = {}) {
  const attempts: Attempt[] = [];
  const call: Call<string> = {
    method: READ,
    resource: NAME,
    headers: undefined,
    send: async (_wire, attempt) => {
      const step = steps[attempts.length];
      attempts.push(attempt);
      if (step === undefined) {
        throw new Error("there was to be no such attempt");
      }
      return typeof step === "function" ? await step(attempt) : step;
    },
    ...more,
  };
  return { call, attempts };
}

/** Sent with a token of a provider, and answered. */
export function withToken(token: string, outcome: Outcome<string>): Step {
  return ({ evidence }) => {
    Object.assign(evidence, { token, connection: CONNECTION, answered: true });
    return outcome;
  };
}

/** Never answered. */
export function silence({ limit }: Attempt): Promise<Outcome<string>> {
  return new Promise((resolve) => {
    limit.onEnd(() => resolve(failed(LEFT)));
  });
}

export function sentSilence(attempt: Attempt): Promise<Outcome<string>> {
  attempt.evidence.connection = CONNECTION;
  return silence(attempt);
}
