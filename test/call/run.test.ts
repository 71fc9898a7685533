import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import { Limit } from "../../src/async/limit.js";
import { patienceOf, run, attempts as runAttempts } from "../../src/call/run.js";
import { failed } from "../../src/errors/outcome.js";
import { SAME_TOKEN } from "../../src/transport/token.js";
import { rejection } from "../support/rejection.js";
import {
  CONNECTION,
  callerOf,
  callOf,
  failure,
  NAME,
  ok,
  REFUSED_TOKEN,
  type Step,
  WRITE,
  withToken,
} from "./support/scripted-call.js";

describe("a call", () => {
  it("gives the value of its answer", async () => {
    const { call, attempts } = callOf([ok("value")]);
    expect(await run(callerOf(), call, {})).toBe("value");
    expect(attempts).toHaveLength(1);
  });

  it("tells the server how long it has: the attempt's time, or what is left of the call's", async () => {
    const { call, attempts } = callOf([ok("")]);
    await run(callerOf(), call, {});
    expect(attempts[0]?.hints.serverTimeoutMs).toBe(10_000);
    const bulk = callOf([ok("")], { bulk: true });
    await run(callerOf(), bulk.call, {});
    expect(bulk.attempts[0]?.hints.serverTimeoutMs).toBe(100_000);
    const short = callOf([ok("")]);
    await run(callerOf(), short.call, { timeoutMs: 500 });
    expect(short.attempts[0]?.hints.serverTimeoutMs).toBeGreaterThan(100);
    expect(short.attempts[0]?.hints.serverTimeoutMs).toBeLessThanOrEqual(500);
  });

  it("hands its headers to each attempt", async () => {
    const headers = { "x-a": "b" };
    const { call, attempts } = callOf([failure("lost"), ok("")], { headers });
    await run(callerOf(), call, {});
    expect(attempts.map(({ hints }) => hints.headers)).toEqual([headers, headers]);
  });
});

describe("what is sent again", () => {
  it.each(["refused", "lost", "unavailable", "deadline"] as const)(
    "a call without an effect that is %s",
    async (kind) => {
      const { call, attempts } = callOf([failure(kind), failure(kind), ok("value")]);
      expect(await run(callerOf(), call, {})).toBe("value");
      expect(attempts).toHaveLength(3);
    },
  );

  it.each(["local", "unreadable", "status"] as const)(
    "no call without an effect that is %s",
    async (kind) => {
      const { call, attempts } = callOf([failure(kind)]);
      await expect(run(callerOf(), call, {})).rejects.toMatchObject({
        rawMessage: expect.stringContaining(`it is ${kind}`),
      });
      expect(attempts).toHaveLength(1);
    },
  );

  it("a status that the server gives a delay with", async () => {
    const { call } = callOf([failure("status", { delay: { ms: 1 } }), ok("value")]);
    expect(await run(callerOf(), call, {})).toBe("value");
    const never = callOf([failure("unavailable", { delay: "never" })]);
    await expect(run(callerOf(), never.call, {})).rejects.toThrow();
    expect(never.attempts).toHaveLength(1);
  });

  it("a call with an effect only where nothing has seen it", async () => {
    const { call } = callOf([failure("refused"), ok("value")], { method: WRITE });
    expect(await run(callerOf(), call, {})).toBe("value");
    for (const kind of ["lost", "unavailable", "deadline", "unreadable", "status"] as const) {
      const { call, attempts } = callOf([failure(kind)], { method: WRITE });
      await expect(run(callerOf(), call, {})).rejects.toThrow();
      expect(attempts).toHaveLength(1);
    }
  });

  it("a long call, which changes nothing, whatever its contract says", async () => {
    const { call } = callOf([failure("lost"), ok("value")], { method: WRITE, long: true });
    expect(await run(callerOf(), call, {})).toBe("value");
  });

  it("no more often than maxAttempts allows", async () => {
    const { call, attempts } = callOf(Array(3).fill(failure("lost")));
    const caller = callerOf({ baseDelayMs: 0, maxAttempts: 3 });
    await expect(run(caller, call, {})).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: `GetProcess of ${NAME}: it is lost`,
    });
    expect(attempts).toHaveLength(3);
    const once = callOf([failure("lost")]);
    await expect(run(callerOf(false), once.call, {})).rejects.toThrow();
    expect(once.attempts).toHaveLength(1);
  });

  it("nothing where the pause would reach past the end of the call", async () => {
    const { call, attempts } = callOf([failure("unavailable", { delay: { ms: 60_000 } })]);
    await expect(run(callerOf(), call, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: Code.Unavailable,
    });
    expect(attempts).toHaveLength(1);
  });
});

describe("a refused token", () => {
  it("is told, and the call sent again with another one at once", async () => {
    const { call, attempts } = callOf(
      [withToken("old", REFUSED_TOKEN), withToken("new", ok("value"))],
      { method: WRITE },
    );
    expect(await run(callerOf(false), call, {})).toBe("value");
    expect(attempts.map(({ hints }) => hints.rejectedToken)).toEqual([undefined, "old"]);
  });

  it("is met with another one once in a row", async () => {
    const { call, attempts } = callOf([
      withToken("one", REFUSED_TOKEN),
      withToken("two", REFUSED_TOKEN),
    ]);
    await expect(run(callerOf(), call, {})).rejects.toMatchObject({
      code: Code.Unauthenticated,
      rawMessage: "who are you?",
    });
    expect(attempts).toHaveLength(2);
  });

  it("may be met with another one again after an attempt that failed otherwise", async () => {
    const { call, attempts } = callOf([
      withToken("one", REFUSED_TOKEN),
      withToken("two", failure("lost")),
      withToken("three", REFUSED_TOKEN),
      withToken("four", ok("value")),
    ]);
    expect(await run(callerOf(), call, {})).toBe("value");
    const rejected = attempts.map(({ hints }) => hints.rejectedToken);
    expect(rejected).toEqual([undefined, "one", undefined, "three"]);
  });

  it("that is the only one there is shows the server's refusal", async () => {
    const { call, attempts } = callOf([withToken("only", REFUSED_TOKEN), failed(SAME_TOKEN)]);
    await expect(run(callerOf(), call, {})).rejects.toMatchObject({
      code: Code.Unauthenticated,
      rawMessage: "who are you?",
    });
    expect(attempts).toHaveLength(2);
  });

  it("that no provider gave is the end", async () => {
    const fixed: Step = ({ evidence }) => {
      evidence.connection = CONNECTION;
      return REFUSED_TOKEN;
    };
    const { call, attempts } = callOf([fixed]);
    await expect(run(callerOf(), call, {})).rejects.toMatchObject({ rawMessage: "who are you?" });
    expect(attempts).toHaveLength(1);
  });
});

describe("a call that can be settled", () => {
  it("is settled by its result, whatever the attempt failed with", async () => {
    const { call, attempts } = callOf([failure("lost")], {
      method: WRITE,
      settle: async ({ kind }) => ok(`found after it was ${kind}`),
    });
    expect(await run(callerOf(), call, {})).toBe("found after it was lost");
    expect(attempts).toHaveLength(1);
  });

  it("is sent again where there is no result, though it has an effect", async () => {
    const settle = vi.fn(async () => undefined);
    const { call } = callOf([failure("lost"), failure("unavailable"), ok("value")], {
      method: WRITE,
      settle,
    });
    expect(await run(callerOf(), call, {})).toBe("value");
    expect(settle).toHaveBeenCalledTimes(2);
  });

  it("can end with another failure", async () => {
    const { call } = callOf([failure("lost")], {
      settle: async () => failure("status", { message: "nobody knows" }),
    });
    await expect(run(callerOf(), call, {})).rejects.toMatchObject({ rawMessage: "nobody knows" });
  });
});

describe("a call that asks again", () => {
  it("does so until the answer is the last one, with a new patience after each", async () => {
    const { call, attempts } = callOf(
      [
        failure("lost"),
        ok("not yet"),
        failure("lost"),
        ok("not yet"),
        failure("lost"),
        ok("at last"),
      ],
      { againAfterMs: (value) => (value === "not yet" ? 0 : undefined) },
    );
    expect(await run(callerOf({ maxAttempts: 2, baseDelayMs: 0 }), call, {})).toBe("at last");
    expect(attempts).toHaveLength(6);
  });

  it("ends with a last look when its time is over, and pauses no longer than that", async () => {
    const caller = callerOf();
    const limit = new Limit({ ms: 50, soft: true });
    const { call, attempts } = callOf([ok("not yet")], {
      againAfterMs: () => 60_000,
      lastLook: async () => ok("the last look"),
    });
    const outcome = await runAttempts(caller, call, limit, patienceOf(caller, limit));
    expect(outcome).toEqual(ok("the last look"));
    expect(attempts).toHaveLength(1);
    const over = callOf([], { lastLook: async () => ok("the only look") });
    expect(await runAttempts(caller, over.call, limit, patienceOf(caller, limit))).toEqual(
      ok("the only look"),
    );
  });
});

describe("the hook onRetry", () => {
  it("is told of each attempt that will be followed by another one, before the pause", async () => {
    const onRetry = vi.fn();
    const { call } = callOf([failure("lost"), failure("unavailable"), ok("value")]);
    await run(callerOf({ baseDelayMs: 0 }, { onRetry }), call, {});
    const common = { method: "GetProcess", resource: NAME, delayMs: 0 };
    expect(onRetry.mock.calls).toEqual([
      [{ ...common, failures: 1, error: expect.any(ConnectError) }],
      [{ ...common, failures: 2, error: expect.any(ConnectError) }],
    ]);
    expect(onRetry.mock.calls[0]?.[0].error).toMatchObject({
      code: Code.Unavailable,
      rawMessage: `GetProcess of ${NAME}: it is lost`,
    });
  });

  it("is not told of the last one, nor of another token", async () => {
    const onRetry = vi.fn();
    const caller = callerOf({ maxAttempts: 1 }, { onRetry });
    await rejection(run(caller, callOf([failure("lost")]).call, {}));
    const { call } = callOf([withToken("old", REFUSED_TOKEN), withToken("new", ok("value"))]);
    await run(caller, call, {});
    expect(onRetry).not.toHaveBeenCalled();
  });

  it("fails the call by what it throws", async () => {
    const bug = new Error("bug in the hook");
    const onRetry = () => {
      throw bug;
    };
    const { call, attempts } = callOf([failure("lost")]);
    await expect(run(callerOf({}, { onRetry }), call, {})).rejects.toBe(bug);
    expect(attempts).toHaveLength(1);
  });
});
