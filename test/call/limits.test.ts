import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { run } from "../../src/call/run.js";
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
  sentSilence,
  silence,
  WRITE,
  withToken,
} from "./support/scripted-call.js";

describe("the limit of a call", () => {
  it("ends it with the signal's own reason, in an attempt and in a pause", async () => {
    for (const steps of [[silence], [failure("unavailable", { delay: { ms: 60_000 } })]]) {
      const { call, attempts } = callOf(steps);
      const abort = new AbortController();
      const end = rejection(run(callerOf(), call, { signal: abort.signal }));
      await expect.poll(() => attempts.length).toBe(1);
      const reason = { any: "thing" };
      abort.abort(reason);
      expect(await end).toBe(reason);
      expect(attempts).toHaveLength(1);
    }
    const { call, attempts } = callOf([]);
    await expect(run(callerOf(), call, { signal: AbortSignal.abort("before") })).rejects.toBe(
      "before",
    );
    expect(attempts).toEqual([]);
  });

  it("ends it when the time is over, and tells what took too long", async () => {
    const { call } = callOf([silence]);
    await expect(run(callerOf(), call, { timeoutMs: 20 })).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: `GetProcess of ${NAME} took longer than 20 ms`,
    });
  });

  it("ends it with the client", async () => {
    const caller = callerOf();
    const { call, attempts } = callOf([silence]);
    const end = rejection(run(caller, call, {}));
    await expect.poll(() => attempts.length).toBe(1);
    caller.life.end(() => "closed");
    expect(await end).toBe("closed");
  });

  it("of zero is one attempt, with the time of an attempt", async () => {
    const { call, attempts } = callOf([failure("lost")]);
    await expect(run(callerOf(), call, { timeoutMs: 0 })).rejects.toMatchObject({
      rawMessage: `GetProcess of ${NAME}: it is lost`,
    });
    expect(attempts).toHaveLength(1);
    expect(attempts[0]?.hints.serverTimeoutMs).toBe(10_000);
    const answered = callOf([ok("value")]);
    expect(await run(callerOf(), answered.call, { timeoutMs: 0 })).toBe("value");
  });

  it("of zero allows another token all the same", async () => {
    const { call } = callOf([withToken("old", REFUSED_TOKEN), withToken("new", ok("value"))]);
    expect(await run(callerOf(), call, { timeoutMs: 0 })).toBe("value");
  });
});

describe("an attempt without an answer", () => {
  it("that was sent is told as a deadline, with its call and its time, and is repeated", async () => {
    const caller = { ...callerOf({ maxAttempts: 2, baseDelayMs: 0 }), attemptTimeoutMs: 20 };
    const { call, attempts } = callOf([sentSilence, sentSilence]);
    const error = await rejection(run(caller, call, {}));
    expect(error).toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: `GetProcess of ${NAME} was not answered within 20 ms`,
    });
    expect(attempts).toHaveLength(2);
    const write = callOf([sentSilence], { method: WRITE });
    await rejection(run(caller, write.call, {}));
    expect(write.attempts).toHaveLength(1);
  });

  it("that was not sent is told so, and repeated though the call has an effect", async () => {
    const caller = { ...callerOf({ maxAttempts: 2, baseDelayMs: 0 }), attemptTimeoutMs: 20 };
    const { call, attempts } = callOf([silence, silence], { method: WRITE });
    await expect(run(caller, call, {})).rejects.toMatchObject({
      rawMessage: `SendSignal of ${NAME} could not be sent within 20 ms`,
    });
    expect(attempts).toHaveLength(2);
  });

  it("of the server's own deadline keeps its word", async () => {
    const caller = callerOf(false);
    const { call } = callOf([
      failure("deadline", { code: Code.DeadlineExceeded, message: "upstream is slow" }),
    ]);
    await expect(run(caller, call, {})).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: "upstream is slow",
    });
  });

  it("for a second puts its connection in doubt, unless a part of the answer came", async () => {
    for (const answered of [false, true]) {
      CONNECTION.avoid.mockClear();
      const caller = { ...callerOf(false), attemptTimeoutMs: 1_010 };
      const step: Step = async (attempt) => {
        attempt.evidence.answered = answered;
        return await sentSilence(attempt);
      };
      await rejection(run(caller, callOf([step]).call, {}));
      expect(CONNECTION.avoid).toHaveBeenCalledTimes(answered ? 0 : 1);
    }
  });

  it("for less than a second does not", async () => {
    CONNECTION.avoid.mockClear();
    const caller = { ...callerOf(false), attemptTimeoutMs: 20 };
    await rejection(run(caller, callOf([sentSilence]).call, {}));
    expect(CONNECTION.avoid).not.toHaveBeenCalled();
  });
});
