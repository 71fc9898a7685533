import { constants } from "node:os";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_SIGNAL, signalNumber } from "../../src/model/signals.js";

describe("signalNumber", () => {
  it("takes every number from 1 to 64 for itself", () => {
    for (let number = 1; number <= MAX_SIGNAL; number += 1) {
      expect(signalNumber(number)).toBe(number);
    }
  });

  it("knows no other number", () => {
    for (const number of [0, -1, 65, 15.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(signalNumber(number)).toBeUndefined();
    }
  });

  it.runIf(process.platform === "linux")("gives the numbers of Linux for its names", () => {
    const names = Object.entries(constants.signals).filter(([name]) => name !== "SIGUNUSED");
    const aliases = { SIGIOT: "SIGABRT", SIGPOLL: "SIGIO" };
    for (const [name, number] of names) {
      if (!Object.hasOwn(aliases, name)) {
        expect([name, signalNumber(name)]).toEqual([name, number]);
      }
    }
  });

  it("knows each name without its SIG, too", () => {
    expect([signalNumber("TERM"), signalNumber("KILL"), signalNumber("USR1")]).toEqual([15, 9, 10]);
  });

  it("gives Linux's numbers where other systems have others", () => {
    expect(signalNumber("SIGUSR1")).toBe(10);
    expect(signalNumber("SIGCHLD")).toBe(17);
    expect(signalNumber("SIGSTOP")).toBe(19);
    expect(signalNumber("SIGSYS")).toBe(31);
  });

  it("knows no other name, nor what every object inherits", () => {
    const names = [
      "term",
      "SIGSIGTERM",
      "SIG",
      "sigterm",
      "SIGTERM ",
      "15",
      "",
      "SIGRTMIN",
      "toString",
      "__proto__",
    ];
    for (const name of names) {
      expect(signalNumber(name)).toBeUndefined();
    }
  });

  it("never gives a number that is no signal", () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.string()), (signal) => {
        const number = signalNumber(signal);
        expect(
          number === undefined || (Number.isInteger(number) && number >= 1 && number <= MAX_SIGNAL),
        ).toBe(true);
      }),
    );
  });
});
